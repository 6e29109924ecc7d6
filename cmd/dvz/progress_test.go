package main

import (
	"testing"

	"github.com/detectviz/detectviz/compiler/link"
)

func TestBar(t *testing.T) {
	half := link.Status{Done: 242, Total: 484}
	for _, tc := range []struct {
		status link.Status
		width  int
		want   string
	}{
		{half, 80, "dev-platform [===============               ] 242/484 packages"},
		{half, 40, "dev-platform [===    ] 242/484 packages"},
		{half, 36, "dev-platform 242/484 packages"},
		{half, 20, "dev-platform 242/48"},
		{half, 1, ""},
		{link.Status{}, 80, "dev-platform [                              ]"},
		{link.Status{Done: 484, Total: 484, Linking: true}, 80, "dev-platform [==============================] linking"},
	} {
		if got := bar("dev-platform", tc.status, tc.width); got != tc.want {
			t.Errorf("%+v in %d columns: %q, want %q", tc.status, tc.width, got, tc.want)
		}
	}
	for width := range 120 {
		if got := bar("dev-platform", half, width); len(got) >= max(width, 1) {
			t.Errorf("%q does not fit %d columns", got, width)
		}
	}
}
