package otelzap_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// TestValues sends every kind of value; protobuf's own decoder reads them.
func TestValues(t *testing.T) {
	stderr(t)
	r := newReceiver(t)
	log, l, _ := start(t, defaults(r.URL))
	log.Info("", // an empty body
		"empty", "", "text", "ü\n", "broken", "a\xffb", "true", true, "false", false, "zero", 0, "min", int64(math.MinInt64),
		"float", -1.5, "inf", math.Inf(1), "bytes", []byte{0, 255}, "nothing", nil, "list", []string{"a", ""},
		"ints", []int{1, 2}, "long", strings.Repeat("x", 100_000))
	stop(t, l, 5*time.Second)
	got := r.got()
	if len(got) != 1 {
		t.Fatalf("%d records, want 1", len(got))
	}
	record := got[0]
	if record.Body.GetStringValue() != "" || record.SeverityNumber != v1.SeverityNumber_SEVERITY_NUMBER_INFO || record.SeverityText != "info" || record.ObservedTimeUnixNano == 0 {
		t.Errorf("record %v", record)
	}
	attrs := attributes(record.Attributes)
	for key, want := range map[string]string{
		"empty": "", "text": "ü\n", "broken": "a\uFFFDb", "true": "bool_value:true", "false": "bool_value:false",
		"zero": "int_value:0", "min": "int_value:-9223372036854775808", "float": "double_value:-1.5", "inf": "double_value:inf",
		"bytes": `bytes_value:"\x00\xff"`, "long": strings.Repeat("x", 100_000),
	} {
		if value, has := attrs[key]; !has || value != want {
			t.Errorf("attribute %s is %.100q (%v), want %.100q", key, value, has, want)
		}
	}
	for _, key := range []string{"list", "ints"} {
		if !strings.HasPrefix(attrs[key], "array_value:{") {
			t.Errorf("attribute %s is %q, want an array", key, attrs[key])
		}
	}
}

// TestCompression: what stays on this host is not compressed. 0.0.0.0 reaches
// it, too, but is no loopback address.
func TestCompression(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "", "localhost": "", "0.0.0.0": "gzip"} {
		t.Run(host, func(t *testing.T) {
			stderr(t)
			r := newReceiver(t)
			log, l, _ := start(t, defaults(strings.Replace(r.URL, "127.0.0.1", host, 1)))
			log.Info("one")
			log.Info("two")
			stop(t, l, 5*time.Second)
			if n := len(r.got()); n != 2 {
				t.Fatalf("%d records, want 2", n)
			}
			if got := r.headers.Get("Content-Encoding"); got != want {
				t.Errorf("Content-Encoding is %q, want %q", got, want)
			}
		})
	}
}

// TestPartialSuccess: a receiver may take a request and yet refuse some of it.
func TestPartialSuccess(t *testing.T) {
	var partial []byte
	partial = protowire.AppendTag(partial, 2, protowire.BytesType) // error_message
	partial = protowire.AppendString(partial, "too old")
	partial = protowire.AppendTag(partial, 1, protowire.VarintType) // rejected_log_records
	partial = protowire.AppendVarint(partial, 2)
	answer := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
	for _, c := range []struct {
		name              string
		answer            []byte
		exported, dropped string
	}{
		{"partial", answer, "1", "2"},
		{"malformed", []byte{0x0a, 0xff, 0xff}, "3", "0"},
		{"warning only", []byte{0x0a, 0x03, 0x12, 0x01, 'w'}, "3", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := stderr(t)
			r := newReceiver(t)
			r.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				_, _ = w.Write(c.answer)
				return true
			}
			log, l, host := start(t, defaults(r.URL))
			for range 3 {
				log.Info("a record")
			}
			stop(t, l, 5*time.Second)
			if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(`
# HELP dvz_otelzap_records_dropped_total Log records that were dropped, by reason: sampled (from all output), queue_full or export_failed (from OTLP only).
# TYPE dvz_otelzap_records_dropped_total counter
dvz_otelzap_records_dropped_total{instance="test",reason="export_failed"} `+c.dropped+`
dvz_otelzap_records_dropped_total{instance="test",reason="queue_full"} 0
dvz_otelzap_records_dropped_total{instance="test",reason="sampled"} 0
# HELP dvz_otelzap_records_exported_total Log records that the OTLP receiver has taken.
# TYPE dvz_otelzap_records_exported_total counter
dvz_otelzap_records_exported_total{instance="test"} `+c.exported+`
`), "dvz_otelzap_records_exported_total", "dvz_otelzap_records_dropped_total"); err != nil {
				t.Error(err)
			}
			if said := strings.Contains(read(), "refused some"); said != (c.dropped != "0") {
				t.Errorf("stderr:\n%s", read())
			}
		})
	}
}

// TestNewestRecordsAreKept: while the receiver is away, the oldest give way.
func TestNewestRecordsAreKept(t *testing.T) {
	stderr(t)
	r := newReceiver(t)
	busy, release := make(chan struct{}), make(chan struct{})
	r.before = func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			close(busy)
			<-release
		}
		return false
	}
	log, l, _ := start(t, defaults(r.URL))
	log.Info("first")
	<-busy
	for i := range 3000 {
		log.Info("a record", "n", i)
	}
	close(release)
	stop(t, l, 5*time.Second)
	got := r.got()
	if len(got) != 1+2048 {
		t.Fatalf("%d records, want the one that was sent and 2048 that waited", len(got))
	}
	for i, record := range got[1:] {
		if n := record.Attributes[0].Value.GetIntValue(); n != int64(3000-2048+i) {
			t.Fatalf("record %d is n=%d, want %d", i, n, 3000-2048+i)
		}
	}
}
