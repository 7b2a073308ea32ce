package story

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/demo"
)

// open makes the shop in the run's folder and serves it, with some of Pintail's variables set.
func (r *run) open(ctx context.Context, env ...string) (*child, error) {
	return r.openNamed(ctx, "shop", shopOrders, env...)
}

// openNamed is open for a shop of another size, in a folder of that name.
func (r *run) openNamed(ctx context.Context, name string, orders int, env ...string) (*child, error) {
	return r.serve(ctx, name, r.path(), env, "demo", "--dir", name, "--orders", strconv.Itoa(orders))
}

// again serves the shop that open made by one more process, on the same file.
func (r *run) again(ctx context.Context, name string, env ...string) (*child, error) {
	return r.serve(ctx, name, r.path("shop"), env, "serve", "--open")
}

// orders is how many orders the shop has, in words.
func orders() string { return grouped(demo.Orders) + " orders" }

// metrics reads a process's counters: the sum over all labels, by name.
func (c *child) metrics(ctx context.Context) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := fetch(ctx, "http://"+c.admin+"/metrics")
	if err != nil {
		return nil, fmt.Errorf("read the shop's metrics: %w", err)
	}
	out := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		line := lines.Text()
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || line[0] == '#' {
			continue
		}
		name, _, _ := strings.Cut(line[:i], "{")
		if v, err := strconv.ParseFloat(line[i+1:], 64); err == nil {
			out[name] += v
		}
	}
	return out, lines.Err()
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", resp.Status, body)
	}
	return body, err
}

// pause waits, unless the story is interrupted or a child ends.
func (r *run) pause(ctx context.Context, d time.Duration) error {
	return r.until(ctx, d, func() bool { return false })
}

// until waits until something is so, for a time at most; whether it is then is the caller's to see.
func (r *run) until(ctx context.Context, most time.Duration, is func() bool) error {
	for end := time.Now().Add(most); !is(); {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(left, 20*time.Millisecond)):
		}
		if err := r.died(); err != nil {
			return err
		}
	}
	return nil
}

// died says which of the children ended by itself; nil for none.
func (r *run) died() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.children {
		if err := c.died(); err != nil {
			return err
		}
	}
	return nil
}

// tickTime is the time that one point of a chart stands for.
const tickTime = 500 * time.Millisecond

// watch gives look each tick that has passed, since the story began, and tells what it gives as a sample. stop ends it, after a last one.
func (r *run) watch(most time.Duration, look func(from, to time.Duration) map[string]float64) (stop func()) {
	ending, done := make(chan struct{}), make(chan struct{})
	from := time.Since(r.began)
	begin := from
	point := func() {
		to := time.Since(r.began)
		if values := look(from, to); values != nil {
			r.emit(Event{Kind: KindSample, At: r.since(r.began.Add((from + to) / 2)), Values: values, Done: min(1, float64(to-begin)/float64(most))})
		}
		from = to
	}
	go func() {
		defer close(done)
		tick := time.NewTicker(tickTime)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				point()
			case <-ending:
				return
			}
		}
	}()
	return func() {
		close(ending)
		<-done
	}
}

// perSecond is a count over a time.
func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// percent is a part of a whole; of nothing it is 0.
func percent(part, of int) float64 { return 100 * float64(part) / float64(max(of, 1)) }

// guardCode is the code of a question that the guard refuses.
const guardCode = "PT510"
