package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A bench holds the programs that were built and started.
type bench struct {
	o       options
	dir     string
	running []*exec.Cmd
	serving map[string]*exec.Cmd // by host and port
}

// build makes the programs that are wanted.
func (b *bench) build(ctx context.Context) error {
	for name, from := range map[string][2]string{
		"pintail": {"..", "./cmd/pintail"}, "bare": {".", "./bare"}, "pocketbase": {".", "./pocketbase"},
	} {
		if name == "pocketbase" && !b.o.wants("sqlite") && !b.o.wants("insert") {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-o", b.path(name), from[1])
		cmd.Dir = from[0]
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// start runs a program in the background and waits until url answers 2xx.
func (b *bench) start(ctx context.Context, url string, env []string, name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, b.path(name), args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	errs, err := os.Create(b.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = errs, errs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, cmd)
	b.serving[host(url)] = cmd
	for range 400 {
		if answers(url) {
			return cmd, nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	text, _ := os.ReadFile(errs.Name())
	return nil, fmt.Errorf("%s does not answer %s:\n%s", name, url, text)
}

func answers(url string) bool {
	r, err := http.Get(url)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	_, _ = io.Copy(io.Discard, r.Body)
	return r.StatusCode/100 == 2
}

// stop ends every program that was started, by its process.
func (b *bench) stop() {
	for _, cmd := range b.running {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	}
	b.running = nil
}

// run runs a program to its end.
func (b *bench) run(ctx context.Context, env []string, name string, args ...string) error {
	path := name
	if !filepath.IsAbs(name) {
		path = b.path(name)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// free gives an address of the loopback that nobody listens on.
func free() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// figures are requests a second, the time in ms under which 99 of 100 stay, and the server's processor time in µs a request; 0 where
// that isn't known.
type figures struct{ rate, p99, cpu float64 }

var (
	countLine = regexp.MustCompile(`(\d+) requests in`)
	rateLine  = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	p99Line   = regexp.MustCompile(`99%\s+([0-9.]+)(us|ms|s)`)
	badLine   = regexp.MustCompile(`(?m)Non-2xx.*|Socket errors:.*`)
)

// load asks a player for a time and gives what wrk measured.
func (b *bench) load(ctx context.Context, p player, connections int, length time.Duration) (figures, error) {
	script := b.path("ask.lua")
	if err := os.WriteFile(script, []byte(p.script), 0o600); err != nil {
		return figures{}, err
	}
	before := b.cpu(p.url)
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(connections), "-d"+strconv.Itoa(max(int(length.Seconds()), 1))+"s",
		"--latency", "-s", script, p.url).CombinedOutput()
	if err != nil {
		return figures{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	if bad := badLine.Find(out); bad != nil {
		return figures{}, errors.New("the run is void: " + string(bad))
	}
	rate := rateLine.FindSubmatch(out)
	tail := p99Line.FindSubmatch(out)
	count := countLine.FindSubmatch(out)
	if rate == nil || tail == nil || count == nil {
		return figures{}, fmt.Errorf("wrk printed no figures:\n%s", out)
	}
	f := figures{}
	if n, _ := strconv.ParseFloat(string(count[1]), 64); n > 0 {
		f.cpu = (b.cpu(p.url) - before) / n
	}
	f.rate, _ = strconv.ParseFloat(string(rate[1]), 64)
	f.p99, _ = strconv.ParseFloat(string(tail[1]), 64)
	switch string(tail[2]) {
	case "us":
		f.p99 /= 1000
	case "s":
		f.p99 *= 1000
	}
	return f, nil
}

// settle waits until the programs use next to nothing of the processor, for some seconds at most.
func (b *bench) settle(ctx context.Context) {
	const look, most, little = 250 * time.Millisecond, 10 * time.Second, 20_000 // µs
	all := func() (sum float64) {
		for url := range b.serving {
			sum += b.cpu("://" + url)
		}
		return sum
	}
	for end := time.Now().Add(most); time.Now().Before(end) && ctx.Err() == nil; {
		before := all()
		time.Sleep(look)
		if all()-before < little {
			return
		}
	}
}

// cpu is the processor time in microseconds that the program at url has used so far.
func (b *bench) cpu(url string) float64 {
	cmd := b.serving[host(url)]
	if cmd == nil {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 10_000 // of a hundredth of a second each
}

func host(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// rss is a process's resident memory in MiB.
func rss(cmd *exec.Cmd) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}
