package pintail_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/shoptest"
)

// TestSlowAttacks lets slowhttptest open far more connections than one client may have, and hold them as long as it can, in each of its four modes:
// with heads that don't end, bodies that don't end, requests for ranges without end, answers that nobody reads. Meanwhile a client
// at another address is answered all the time. In make prove it is more of them, for longer.
func TestSlowAttacks(t *testing.T) {
	if testing.Short() {
		t.Skip("attacks a server for several seconds")
	}
	program, err := exec.LookPath("slowhttptest")
	if err != nil {
		t.Fatal("slowhttptest is missing; `make deps` installs it")
	}
	connections, rate, lasts := 600, 300, 6*time.Second
	if os.Getenv("PINTAIL_PROVE") != "" {
		connections, rate, lasts = 3000, 500, 2*time.Minute
	}
	schema := shoptest.Schema(t)
	for _, c := range []struct {
		name string
		args []string
		path string
	}{
		{"head", []string{"-H"}, "/rest/v1/toast"},
		{"body", []string{"-B", "-t", "POST", "-s", "100000", "-f", "application/json"}, "/rest/v1/ingredient"},
		{"range", []string{"-R", "-a", "1", "-b", "2000", "-t", "GET"}, "/page.txt"},
		{"read", []string{"-X", "-w", "64", "-y", "512", "-n", "2", "-z", "16", "-k", "3"}, "/rest/v1/toast?select=*"},
	} {
		for _, front := range []string{"Express", "net/http"} {
			t.Run(c.name+" "+front, func(t *testing.T) {
				t.Parallel()
				dsn := shoptest.SQLiteDSN(t, schema)
				s := serve(t, schema, dsn, func(c *pintail.Config) { c.NetHTTP, c.Public = front == "net/http", public(t) })
				for i := range 3 { // answers that no socket holds whole
					row := fmt.Sprintf(`{"id": %d, "name": "big %d", "description": "%s", "price": 1}`, 100+i, i, strings.Repeat("x", 1000<<10))
					ask(t, "POST", s.rest+"toast", row).want(t, "a large row", 201, "")
				}
				ctx, cancel := context.WithTimeout(t.Context(), lasts+30*time.Second)
				defer cancel()
				args := append(c.args, "-c", strconv.Itoa(connections), "-r", strconv.Itoa(rate), "-i", "1",
					"-l", strconv.Itoa(int(lasts/time.Second)), "-p", "30", "-v", "1", "-u", s.url+c.path)
				var said bytes.Buffer
				ended := make(chan error, 1)
				go func() {
					for begin := time.Now(); time.Since(begin) < lasts-time.Second; { // again where it ends early, since it is answered
						said.Reset()
						attack := exec.CommandContext(ctx, program, args...)
						attack.Stdout, attack.Stderr = &said, &said
						if err := attack.Run(); err != nil {
							ended <- err
							return
						}
					}
					ended <- nil
				}()
				probes, most, slowest := 0, 0, time.Duration(0)
				for begin := time.Now(); time.Since(begin) < lasts; time.Sleep(50 * time.Millisecond) {
					slowest = max(slowest, probe(t, s))
					most = max(most, s.app.Gate().Connections.Open)
					probes++
				}
				if err := <-ended; err != nil {
					t.Fatalf("%v: %s", err, said.String())
				}
				stats := s.app.Gate().Connections
				t.Logf("%d probes, the slowest took %v; at most %d connections; %+v", probes, slowest, most, stats)
				if probes < 10 || slowest > 5*time.Second {
					t.Errorf("of %d probes the slowest took %v", probes, slowest)
				}
				if most > 256+2 || c.name != "range" && stats.Closed+stats.Refused == 0 { // ranges are answered at once, so that connections end by themselves
					t.Errorf("%d connections at once; %+v\n%s", most, stats, said.String())
				}
			})
		}
	}
}

// probe asks on a new connection from another address than the attack's, and gives how long the answer took.
func probe(t *testing.T, s *served) time.Duration {
	t.Helper()
	begin := time.Now()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	c := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := c.Get(s.rest + "toast?limit=1&select=id")
	if err != nil {
		t.Fatalf("the probe got no answer: %v", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the probe was answered %d %s %v", answer.StatusCode, text, err)
	}
	return time.Since(begin)
}
