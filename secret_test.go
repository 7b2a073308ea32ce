package pintail_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail"
)

// A short admin secret does on a loopback address only, with a warning.
func TestAShortSecretStaysOnThisMachine(t *testing.T) {
	long := "0123456789abcdef"
	for _, c := range []struct{ secret, address, err, warned string }{
		{long[:pintail.AdminSecretLeast-1], "0.0.0.0:0", "the admin secret has fewer than 16 letters and can be guessed", ""},
		{long[:pintail.AdminSecretLeast], "0.0.0.0:0", "", ""},
		{long[:pintail.AdminSecretLeast-1], "127.0.0.1:0", "", "the admin secret is short"},
		{"", "0.0.0.0:0", "", ""}, // nobody is let in
	} {
		var said bytes.Buffer
		app, err := pintail.New(t.Context(), pintail.Config{Parsed: singleTable(t), Database: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), AdminSecret: c.secret, Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it begins and ends
		err = app.RunOn(ctx, l, nil)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%d letters on %s: %v", len(c.secret), c.address, err)
		}
		if warned := said.String(); strings.Contains(warned, "secret") != (c.warned != "") || !strings.Contains(warned, c.warned) || c.secret != "" && strings.Contains(warned, c.secret) {
			t.Errorf("%d letters on %s: the log says %q", len(c.secret), c.address, warned)
		}
	}
}
