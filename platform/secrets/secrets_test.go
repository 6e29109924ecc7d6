package secrets_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/secrets"
)

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // the umask took bits away
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("DVZ_TEST_SECRET", "from env\n")
	t.Setenv("DVZ_TEST_EMPTY", "")
	file := func(name, text string) contracts.Secret {
		return contracts.Secret{File: write(t, filepath.Join(dir, name), text, 0o600)}
	}
	file("cred", "from systemd\n")
	missing := filepath.Join(dir, "missing")

	tests := []struct {
		name   string
		secret contracts.Secret
		want   string
		err    string // a part of the error
	}{
		{"environment, as it is", contracts.Secret{Env: "DVZ_TEST_SECRET"}, "from env\n", ""},
		{"environment, missing", contracts.Secret{Env: "DVZ_TEST_NONE"}, "", "environment variable DVZ_TEST_NONE is not set"},
		{"environment, empty", contracts.Secret{Env: "DVZ_TEST_EMPTY"}, "", "environment variable DVZ_TEST_EMPTY is empty"},
		{"file, no newline", file("a", "secret"), "secret", ""},
		{"file, one newline", file("b", "secret\n"), "secret", ""},
		{"file, two newlines", file("c", "secret\n\n"), "secret\n", ""},
		{"file, carriage return", file("d", "secret\r\n"), "secret", ""},
		{"file, only a newline", file("e", "\n"), "", "is empty"},
		{"file, missing", contracts.Secret{File: missing}, "", "file " + missing + " does not exist"},
		{"file, a folder", contracts.Secret{File: dir}, "", "is a directory"},
		{"file, huge", file("f", strings.Repeat("x", 1<<20+1)), "", "is larger than"},
		{"credential", contracts.Secret{Credential: "cred"}, "from systemd", ""},
		{"credential, missing", contracts.Secret{Credential: "none"}, "", "systemd credential none (" + dir + "/none) does not exist"},
		{"credential, a path", contracts.Secret{Credential: "../x"}, "", "not a credential's name"},
		{"clear", contracts.Secret{Clear: "dev"}, "dev", ""},
		{"nothing", contracts.Secret{}, "", "no place"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := secrets.Read(tt.secret)
			checkErr := secrets.Check(tt.secret)
			if tt.err == "" {
				if err != nil || string(got) != tt.want {
					t.Errorf("Read = %q, %v; want %q", got, err, tt.want)
				}
				if checkErr != nil {
					t.Errorf("Check = %v", checkErr)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Read = %v, want an error with %q", err, tt.err)
			}
			if checkErr == nil || checkErr.Error() != err.Error() {
				t.Errorf("Check = %v, want the error of Read: %v", checkErr, err)
			}
		})
	}
}

func TestCredentialWithoutSystemd(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	_, err := secrets.Read(contracts.Secret{Credential: "token"})
	if err == nil || !strings.Contains(err.Error(), "LoadCredential=token:") {
		t.Errorf("got %v, want a hint at LoadCredential", err)
	}
}

func TestGenerate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwt.key")
	secret := contracts.Secret{File: path, Generate: 32}
	if err := secrets.Check(secret); err != nil {
		t.Fatalf("Check of a file that can be generated: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("Check has created the file")
	}

	// All who ask at the same time get the same secret.
	values := make([]string, 8)
	var all sync.WaitGroup
	for i := range values {
		all.Go(func() {
			v, err := secrets.Read(secret)
			if err != nil {
				t.Error(err)
			}
			values[i] = string(v)
		})
	}
	all.Wait()
	for _, v := range values {
		if v != values[0] {
			t.Fatalf("two readers got different secrets: %v", values)
		}
	}
	if raw, err := base64.StdEncoding.DecodeString(values[0]); err != nil || len(raw) != 32 {
		t.Errorf("got %d bytes (%v), want 32 in base64", len(raw), err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".secret-*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestGenerateWithoutFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "key")
	_, err := secrets.Read(contracts.Secret{File: path, Generate: 32})
	if err == nil || !strings.Contains(err.Error(), "cannot generate the secret file "+path) {
		t.Errorf("got %v", err)
	}
}

func TestCheckAllListsEverything(t *testing.T) {
	err := secrets.CheckAll([]secrets.Use{
		{Instance: "auth", Field: "secret", Secret: contracts.Secret{Env: "DVZ_TEST_NONE"}},
		{Instance: "ok", Field: "x", Secret: contracts.Secret{Clear: "x"}},
		{Instance: "node", Field: "basic.password", Secret: contracts.Secret{File: "/nonexistent/pw"}},
	})
	want := "auth: secret secret: environment variable DVZ_TEST_NONE is not set\n" +
		"node: secret basic.password: file /nonexistent/pw does not exist"
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if err := secrets.CheckAll(nil); err != nil {
		t.Error(err)
	}
}

func TestWarning(t *testing.T) {
	dir := t.TempDir()
	private := write(t, filepath.Join(dir, "private"), "hunter2", 0o600)
	open := write(t, filepath.Join(dir, "open"), "hunter2", 0o644)
	if w := secrets.Warning(contracts.Secret{File: private}); w != "" {
		t.Errorf("private file: %q", w)
	}
	w := secrets.Warning(contracts.Secret{File: open})
	if !strings.Contains(w, "0644") || !strings.Contains(w, "chmod 600 "+open) || strings.Contains(w, "hunter2") {
		t.Errorf("open file: %q", w)
	}
}
