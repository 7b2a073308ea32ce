package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// A line of the log is the same, byte for byte, whoever writes it: the short way, or slog.
func TestJSONLinesAreSlogs(t *testing.T) {
	var mine, slogs bytes.Buffer
	theirs := slog.NewJSONHandler(&slogs, nil)
	h := &jsonHandler{Handler: slog.NewJSONHandler(&mine, nil), w: &mine}
	at := time.Date(2026, 7, 1, 12, 0, 0, 123456000, time.FixedZone("", 2*3600))
	short := 0
	for _, attrs := range [][]slog.Attr{
		nil,
		{slog.String("id", "x"), slog.Int("status", 200), slog.Int64("out", -5), slog.Duration("took", 1234567)},
		{slog.String("path", `/a"b\c`)}, {slog.String("path", "/é\u2028\xff\x00\n<&>")}, {slog.String("path", "<&>~ ")},
		{slog.String("a\"b", "x")}, {slog.String("", "")}, {slog.Any("err", errors.New("x"))}, {slog.Bool("b", true)}, {slog.Float64("f", 1e21)},
		{slog.Group("g", slog.Int("i", 1))}, {slog.Time("t", at)}, {slog.Uint64("u", 1<<63)}, {slog.Any("n", nil)},
		{slog.String("1", "1"), slog.String("2", "2"), slog.String("3", "3"), slog.String("4", "4"), slog.String("5", "5"), slog.String("6", "6"), slog.String("7", "7")},
	} {
		for _, when := range []time.Time{at, at.UTC(), {}, at.AddDate(8000, 0, 0)} {
			for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 2} {
				for _, message := range []string{"request", "a \"message\"\n", ""} {
					r := slog.NewRecord(when, level, message, 0)
					r.AddAttrs(attrs...)
					if _, ok := appendRecord(nil, &r); ok {
						short++
					}
					mine.Reset()
					slogs.Reset()
					if e1, e2 := h.Handle(context.Background(), r), theirs.Handle(context.Background(), r); (e1 == nil) != (e2 == nil) {
						t.Fatal(e1, e2)
					}
					if mine.String() != slogs.String() {
						t.Errorf("%s%s", mine.String(), slogs.String())
					}
				}
			}
		}
	}
	if short == 0 {
		t.Error("nothing was written the short way")
	}
}
