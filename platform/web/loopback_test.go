package web_test

import (
	"testing"

	"github.com/detectviz/detectviz/platform/web"
)

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "::ffff:127.0.0.1": true, "localhost": true,
		"": false, "0.0.0.0": false, "10.0.0.1": false, "::": false, "example.org": false, "localhost.example.org": false,
	} {
		if got := web.Loopback(host); got != want {
			t.Errorf("Loopback(%q) is %v, want %v", host, got, want)
		}
	}
}
