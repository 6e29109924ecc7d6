package otelzap

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of OTLP that are written here, with the numbers of their fields
// (https://github.com/open-telemetry/opentelemetry-proto, logs/v1, common/v1,
// resource/v1). Published numbers never change.

// encodeRequest returns an ExportLogsServiceRequest.
func encodeRequest(res *resource.Resource, entries []entry) []byte {
	size := 512
	for i := range entries {
		size += len(entries[i].record) + 8
	}
	return appendMessage(make([]byte, 0, size), 1, func(b []byte) []byte { // resource_logs
		b = appendMessage(b, 1, func(b []byte) []byte { // resource
			for _, kv := range res.Attributes() {
				b = appendAttribute(b, 1, kv)
			}
			return b
		})
		for len(entries) > 0 {
			n := 1
			for n < len(entries) && entries[n].scope == entries[0].scope {
				n++
			}
			b = appendScope(b, entries[0].scope, entries[:n])
			entries = entries[n:]
		}
		return appendString(b, 3, res.SchemaURL())
	})
}

// appendScope appends ResourceLogs.scope_logs.
func appendScope(b []byte, scope instrumentation.Scope, entries []entry) []byte {
	return appendMessage(b, 2, func(b []byte) []byte {
		b = appendMessage(b, 1, func(b []byte) []byte { // scope
			b = appendString(b, 1, scope.Name)
			b = appendString(b, 2, scope.Version)
			for _, kv := range scope.Attributes.ToSlice() {
				b = appendAttribute(b, 3, kv)
			}
			return b
		})
		for _, e := range entries {
			b = protowire.AppendTag(b, 2, protowire.BytesType) // log_records
			b = protowire.AppendBytes(b, e.record)
		}
		return appendString(b, 3, scope.SchemaURL)
	})
}

// encodeRecord returns a LogRecord.
func encodeRecord(r *sdk.Record) []byte {
	b := make([]byte, 0, 256)
	b = appendTime(b, 1, r.Timestamp())
	if s := r.Severity(); s != 0 { // the numbers are the same
		b = appendNumber(b, 2, uint64(s))
	}
	b = appendString(b, 3, r.SeverityText())
	if body := r.Body(); body.Type() != attribute.EMPTY {
		b = appendMessage(b, 5, func(b []byte) []byte { return appendValue(b, body) })
	}
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		b = appendAttribute(b, 6, kv)
		return true
	})
	if n := r.DroppedAttributes(); n > 0 {
		b = appendNumber(b, 7, uint64(min(n, math.MaxUint32)))
	}
	if flags := r.TraceFlags(); flags != 0 {
		b = protowire.AppendTag(b, 8, protowire.Fixed32Type)
		b = binary.LittleEndian.AppendUint32(b, uint32(flags))
	}
	if id := r.TraceID(); id.IsValid() {
		b = appendBytes(b, 9, id[:])
	}
	if id := r.SpanID(); id.IsValid() {
		b = appendBytes(b, 10, id[:])
	}
	b = appendTime(b, 11, r.ObservedTimestamp())
	return appendString(b, 12, r.EventName())
}

// appendAttribute appends a KeyValue.
func appendAttribute(b []byte, field protowire.Number, kv attribute.KeyValue) []byte {
	return appendMessage(b, field, func(b []byte) []byte {
		b = appendString(b, 1, string(kv.Key))
		return appendMessage(b, 2, func(b []byte) []byte { return appendValue(b, kv.Value) })
	})
}

// appendValue appends the one field of an AnyValue. Within an AnyValue zero
// values count, so they are written.
func appendValue(b []byte, v attribute.Value) []byte {
	switch v.Type() {
	case attribute.STRING:
		return appendBytes(b, 1, []byte(valid(v.AsString())))
	case attribute.BOOL:
		return appendNumber(b, 2, protowire.EncodeBool(v.AsBool()))
	case attribute.INT64:
		return appendNumber(b, 3, uint64(v.AsInt64()))
	case attribute.FLOAT64:
		b = protowire.AppendTag(b, 4, protowire.Fixed64Type)
		return protowire.AppendFixed64(b, math.Float64bits(v.AsFloat64()))
	case attribute.BYTESLICE:
		return appendBytes(b, 7, v.AsByteSlice())
	case attribute.MAP:
		return appendMessage(b, 6, func(b []byte) []byte {
			for _, kv := range v.AsMap() {
				b = appendAttribute(b, 1, kv)
			}
			return b
		})
	case attribute.SLICE:
		return appendArray(b, v.AsSlice(), func(v attribute.Value) attribute.Value { return v })
	case attribute.STRINGSLICE:
		return appendArray(b, v.AsStringSlice(), attribute.StringValue)
	case attribute.BOOLSLICE:
		return appendArray(b, v.AsBoolSlice(), attribute.BoolValue)
	case attribute.INT64SLICE:
		return appendArray(b, v.AsInt64Slice(), attribute.Int64Value)
	case attribute.FLOAT64SLICE:
		return appendArray(b, v.AsFloat64Slice(), attribute.Float64Value)
	case attribute.EMPTY:
		return b
	}
	return appendBytes(b, 1, []byte(valid(v.String()))) // of a later OpenTelemetry
}

// appendArray appends an AnyValue's array_value.
func appendArray[T any](b []byte, list []T, value func(T) attribute.Value) []byte {
	return appendMessage(b, 5, func(b []byte) []byte {
		for _, v := range list {
			b = appendMessage(b, 1, func(b []byte) []byte { return appendValue(b, value(v)) })
		}
		return b
	})
}

// appendMessage appends a message, which fill appends the fields of. Its length
// goes before it, so what fill wrote is moved.
func appendMessage(b []byte, field protowire.Number, fill func([]byte) []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	start := len(b)
	b = fill(b)
	n := len(b) - start
	var prefix [binary.MaxVarintLen64]byte
	size := protowire.AppendVarint(prefix[:0], uint64(n))
	b = append(b, size...)
	copy(b[start+len(size):], b[start:start+n])
	copy(b[start:], size)
	return b
}

// appendString appends a string, unless it is empty.
func appendString(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return appendBytes(b, field, []byte(valid(s)))
}

// valid replaces bytes that are no UTF-8, for which a receiver would refuse the
// whole request.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func appendBytes(b []byte, field protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), data)
}

func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

// appendTime appends Unix nanoseconds, unless there is no time.
func appendTime(b []byte, field protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), uint64(max(0, t.UnixNano())))
}
