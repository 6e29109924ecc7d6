package jsonschema_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// modeline names the schema of each document that is opened, relative to it.
const modeline = "# yaml-language-server: $schema=../../composition.schema.json\n"

// client speaks with a language server over its standard input and output:
// JSON-RPC messages, each behind a header with its length.
type client struct {
	t           testing.TB
	folder      string // of the documents, which exist in the editor only
	in          io.Writer
	answers     chan message
	diagnostics chan published
	requests    int
	documents   int
}

// message is a request, a notification or an answer.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      *int            `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// published is what the server says of a document after each change.
type published struct {
	URI         string       `json:"uri"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type diagnostic struct {
	Range   span   `json:"range"`
	Message string `json:"message"`
}

type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

// position counts from 0.
type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type completion struct {
	Label         string          `json:"label"`
	Documentation json.RawMessage `json:"documentation"` // a text, or {kind, value}
	InsertText    string          `json:"insertText"`
	TextEdit      *struct {       // nil: InsertText replaces the word before the cursor
		NewText string `json:"newText"`
		Range   span   `json:"range"`
	} `json:"textEdit"`
}

func (c completion) documentation() string {
	var text string
	var markup struct {
		Value string `json:"value"`
	}
	if json.Unmarshal(c.Documentation, &text) == nil {
		return text
	}
	_ = json.Unmarshal(c.Documentation, &markup) // there may be none
	return markup.Value
}

// startServer starts the npm package yaml-language-server. Without it the test
// is skipped; continuous integration must have it.
func startServer(t testing.TB, documents string) *client {
	t.Helper()
	const folder = "../../testdata/language-server"
	program := filepath.Join(folder, "node_modules/yaml-language-server/bin/yaml-language-server")
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("continuous integration must have the language server: %v", err)
		}
		t.Skipf("no language server: install Node.js and run npm ci --prefix testdata/language-server (%v)", err)
	}
	cmd := exec.Command(node, program, "--stdio")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c := &client{t: t, folder: documents, in: in, answers: make(chan message, 1), diagnostics: make(chan published, 100)}
	go c.read(bufio.NewReader(out))
	markdown := map[string]any{"documentationFormat": []string{"markdown"}, "snippetSupport": true}
	c.request("initialize", map[string]any{
		"processId": os.Getpid(),
		"rootUri":   nil,
		"capabilities": map[string]any{
			"workspace":    map[string]any{"configuration": true},
			"textDocument": map[string]any{"completion": map[string]any{"completionItem": markdown}},
		},
	}, nil)
	c.notify("initialized", map[string]any{})
	return c
}

// read takes the server's messages until it ends.
func (c *client) read(out *bufio.Reader) {
	defer close(c.diagnostics)
	defer close(c.answers)
	for {
		header, err := textproto.NewReader(out).ReadMIMEHeader()
		if err != nil {
			return
		}
		length, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		content := make([]byte, length)
		if _, err := io.ReadFull(out, content); err != nil {
			return
		}
		var params json.RawMessage
		m := message{Params: &params}
		if json.Unmarshal(content, &m) != nil {
			return
		}
		switch {
		case m.Method == "workspace/configuration":
			// What a user's editor has, but for schemas from the network.
			c.send(message{ID: m.ID, Result: json.RawMessage(`[{"validate":true,"hover":true,"completion":true,"schemaStore":{"enable":false}},{},{},{}]`)})
		case m.Method == "textDocument/publishDiagnostics":
			var p published
			if json.Unmarshal(params, &p) == nil {
				c.diagnostics <- p
			}
		case m.Method != "" && m.ID != nil:
			c.send(message{ID: m.ID, Result: json.RawMessage("null")})
		case m.Method == "":
			c.answers <- m
		}
	}
}

func (c *client) send(m message) {
	m.Version = "2.0"
	content, err := json.Marshal(m)
	if err != nil {
		c.t.Error(err)
	}
	fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(content), content)
}

func (c *client) notify(method string, params any) { c.send(message{Method: method, Params: params}) }

// request asks the server and decodes its answer.
func (c *client) request(method string, params, result any) {
	c.t.Helper()
	c.requests++
	id := c.requests
	c.send(message{ID: &id, Method: method, Params: params})
	select {
	case m, ok := <-c.answers:
		if !ok || m.Error != nil || m.ID == nil || *m.ID != id {
			c.t.Fatalf("%s: the server answers %+v, %s", method, m, m.Error)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				c.t.Fatalf("%s: %v in %s", method, err, m.Result)
			}
		}
	case <-time.After(30 * time.Second):
		c.t.Fatalf("%s: the server does not answer", method)
	}
}

// open opens a new document and returns its URI.
func (c *client) open(text string) string {
	c.documents++
	uri := fmt.Sprintf("file://%s/%d/composition.yaml", filepath.ToSlash(c.folder), c.documents)
	c.notify("textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": 1, "text": modeline + text},
	})
	return uri
}

// found returns what the server finds in a document.
func (c *client) found(text string) []diagnostic {
	c.t.Helper()
	uri := c.open(text)
	deadline := time.After(30 * time.Second)
	for {
		select {
		case p, ok := <-c.diagnostics:
			if !ok {
				c.t.Fatal("the server has ended")
			}
			if p.URI == uri {
				return p.Diagnostics
			}
		case <-deadline:
			c.t.Fatal("the server says nothing of the document")
		}
	}
}

// at asks about the place of the cursor in a new document.
func (c *client) at(method, document string, result any) {
	c.t.Helper()
	before, after, ok := strings.Cut(document, cursor)
	if !ok {
		c.t.Fatalf("no cursor in %s", document)
	}
	line := before[strings.LastIndexByte(before, '\n')+1:]
	c.request(method, map[string]any{
		"textDocument": map[string]any{"uri": c.open(before + after)},
		"position":     position{strings.Count(modeline+before, "\n"), len(line)},
	}, result)
}

// cursor marks a place of a document, which is ASCII before it.
const cursor = "¦"

func (c *client) completions(document string) []completion {
	c.t.Helper()
	var list struct {
		Items []completion `json:"items"`
	}
	c.at("textDocument/completion", document, &list)
	return list.Items
}

func (c *client) hover(document string) string {
	c.t.Helper()
	var answer struct {
		Contents struct {
			Value string `json:"value"`
		} `json:"contents"`
	}
	c.at("textDocument/hover", document, &answer)
	return answer.Contents.Value
}
