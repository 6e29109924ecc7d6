package emittest

import (
	"os"
	"os/exec"
	"testing"
)

// Tool finds a program that checks generated files. Without it the test is
// skipped, except in CI, where it must be there.
func Tool(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed; it is in the Debian package %s", name, debianPackage)
	}
	t.Skipf("%s is not installed; it is in the Debian package %s", name, debianPackage)
	return ""
}
