package contracts_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
)

// TestSecretIsNeverPrinted writes a secret in clear in every way that a careless
// plugin may, alone and inside of its config.
func TestSecretIsNeverPrinted(t *testing.T) {
	const clear = "hunter2"
	secret := contracts.Secret{Clear: clear}
	type config struct {
		Name     string
		Password contracts.Secret
		Optional *contracts.Secret
		Others   []contracts.Secret
		ByName   map[string]contracts.Secret
	}
	values := map[string]any{
		"value":   secret,
		"pointer": &secret,
		"config":  config{"x", secret, &secret, []contracts.Secret{secret}, map[string]contracts.Secret{"a": secret}},
		"list":    []contracts.Secret{secret},
		"any":     []any{secret, &secret},
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%60v", "%-3q"} {
			if got := fmt.Sprintf(verb, value); leaks(got, clear) {
				t.Errorf("%s printed with %s: %s", name, verb, got)
			}
		}
		// Left out are %w and %p of what is no error and no pointer: vet refuses
		// them, and fmt prints the fields whatever the type says.
		if got := fmt.Sprint(value) + fmt.Sprintln("x", value); leaks(got, clear) {
			t.Errorf("%s printed: %s", name, got)
		}
		if got := fmt.Errorf("cannot log in with %v", value).Error(); leaks(got, clear) {
			t.Errorf("%s in an error: %s", name, got)
		}
		out, err := json.Marshal(value)
		if err != nil || leaks(string(out), clear) {
			t.Errorf("%s as JSON: %s, %v", name, out, err)
		}
		for format, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var logged bytes.Buffer
			log := slog.New(handler(&logged)).With("with", value).WithGroup("group")
			log.Error("failed", "secret", value, slog.Group("inner", "secret", value))
			if logged.Len() == 0 || leaks(logged.String(), clear) {
				t.Errorf("%s in a %s log: %s", name, format, &logged)
			}
		}
	}
	if out, err := xml.Marshal(secret); err != nil || leaks(string(out), clear) {
		t.Errorf("as XML: %s, %v", out, err)
	}
}

// leaks also knows the hexadecimal and the %d forms of the text.
func leaks(printed, clear string) bool {
	for _, form := range []string{clear, fmt.Sprintf("%x", clear), fmt.Sprintf("%X", clear), strings.Trim(fmt.Sprintf("%d", []byte(clear)), "[]")} {
		if strings.Contains(printed, form) {
			return true
		}
	}
	return false
}

// TestLeaksIsAwake shows that the test above can fail.
func TestLeaksIsAwake(t *testing.T) {
	type bare struct{ Clear string }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		if !leaks(fmt.Sprintf(verb, bare{"hunter2"}), "hunter2") {
			t.Errorf("%s of a bare struct passes", verb)
		}
	}
}

func TestSecretSaysWhereItIs(t *testing.T) {
	for want, secret := range map[string]contracts.Secret{
		"environment variable JWT_SECRET":   {Env: "JWT_SECRET"},
		"file /run/x.key":                   {File: "/run/x.key", Generate: 32},
		"systemd credential admin_password": {Credential: "admin_password"},
		"clear text in the composition":     {Clear: "hunter2"},
		"nothing":                           {},
	} {
		if got := secret.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := fmt.Sprintf("%v", secret); got != want {
			t.Errorf("%%v gives %q, want %q", got, want)
		}
		if got := fmt.Sprintf("%#v", secret); got != "contracts.Secret{"+want+"}" {
			t.Errorf("%%#v gives %q", got)
		}
		if secret.IsZero() != (want == "nothing") {
			t.Errorf("%s: IsZero is %t", want, secret.IsZero())
		}
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "secret", secret)
		if !strings.Contains(logged.String(), fmt.Sprintf(`"secret":%q`, want)) {
			t.Errorf("logged %s", &logged)
		}
	}
}
