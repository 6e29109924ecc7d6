package check_test

import (
	"slices"
	"testing"

	"github.com/detectviz/detectviz/compiler/check"
)

func TestSuggestPlugins(t *testing.T) {
	paths := []string{
		"community/exporters/prometheus", "community/exporters/sqlite", "community/importers/csv", "community/importers/prometheus",
		"community/integrations/observability/alloy/loki-exporter", "core/auth/jwt", "core/logging/otelzap", "core/middleware/logging", "core/server/http",
	}
	for _, test := range []struct {
		path string
		want []string
	}{
		{"core/auth/jtw", []string{"core/auth/jwt"}},
		{"jwt", []string{"core/auth/jwt"}},
		{"core-auth-jwtt", []string{"core/auth/jwt"}},
		{"core_auth_jwt", []string{"core/auth/jwt"}},
		{"otelzap-logger", []string{"core/logging/otelzap"}},
		{"http-server", []string{"core/server/http"}},
		{"core-logging-otelzapp", []string{"core/logging/otelzap"}},
		{"prometheus", []string{"community/exporters/prometheus", "community/importers/prometheus"}},
		{"prometheus-importer", []string{"community/exporters/prometheus", "community/importers/prometheus"}},
		{"community/importer/prometheus", []string{"community/importers/prometheus", "community/exporters/prometheus"}},
		{"loki-exporter", []string{"community/integrations/observability/alloy/loki-exporter"}},
		{"community/integrations/notification/slack", nil},
		{"community/integrations/processors/alert-processor", nil},
		{"-", nil},
		{"", nil},
	} {
		if got := check.SuggestPlugins(test.path, paths); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.path, got, test.want)
		}
	}
}
