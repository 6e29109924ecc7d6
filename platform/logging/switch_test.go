package logging_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/detectviz/detectviz/platform/logging"
)

// text returns a handler without times, so that output can be compared.
func text(w *bytes.Buffer, level slog.Level) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
}

func TestLoggersFollowTheSwitch(t *testing.T) {
	var first, second bytes.Buffer
	h := logging.New(text(&first, slog.LevelInfo))
	log := slog.New(h)
	derived := log.With("instance", "node").WithGroup("scrape").With("target", "a")

	derived.Info("one", "n", 1)
	derived.Debug("hidden")
	h.SwitchTo(text(&second, slog.LevelDebug))
	derived.Info("two", "n", 2)
	derived.Debug("shown")
	log.Info("three")

	if want := "level=INFO msg=one instance=node scrape.target=a scrape.n=1\n"; first.String() != want {
		t.Errorf("before the switch:\n%swant\n%s", &first, want)
	}
	want := "level=INFO msg=two instance=node scrape.target=a scrape.n=2\n" +
		"level=DEBUG msg=shown instance=node scrape.target=a\n" +
		"level=INFO msg=three\n"
	if second.String() != want {
		t.Errorf("after the switch:\n%swant\n%s", &second, want)
	}
}
