package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	crowdRows    = 20_000          // that each request reads: so many that a server has more to do than this
	crowdClients = 400             // addresses of 127/8, each a client of its own
	crowdAtOnce  = 4096            // requests under way; a further one fails at once
	crowdPatient = time.Second     // after which an answer is of no use to anybody
	crowdWait    = 4 * time.Second // that a client waits for one
)

// dear reads every item and answers none: no index knows what it asks for.
const dear = "/rest/v1/item?select=id&name=like.*nothing*"

// A crowd asks by a schedule, whether it is answered or not (an open model, which wrk has none of): a server that is slow isn't asked less
// for it. Each request comes from the next address.
type crowd struct {
	url     string
	clients []*http.Client
}

func newCrowd(url string) *crowd {
	c := &crowd{url: url}
	for n := range crowdClients {
		d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 30, byte(n/250), byte(1+n%250))}}
		c.clients = append(c.clients, &http.Client{Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 4}, Timeout: crowdWait})
	}
	return c
}

func (c *crowd) close() {
	for _, one := range c.clients {
		one.CloseIdleConnections()
	}
}

// An outcome is what became of a crowd's requests in a time.
type outcome struct {
	useful, late, refused, failed int
	took                          []float64 // ms, of what was answered
}

// asks sends so many requests a second, at Poisson's moments, for a time. How long one took counts from the moment at which it was due.
func (c *crowd) asks(ctx context.Context, rate float64, length time.Duration) (all outcome) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var group sync.WaitGroup
	room := make(chan struct{}, crowdAtOnce)
	begin := time.Now()
	n := 0
	for due := time.Duration(0); ; n++ {
		if due += time.Duration(rand.ExpFloat64() / rate * float64(time.Second)); due >= length || ctx.Err() != nil {
			break
		}
		time.Sleep(due - time.Since(begin))
		select {
		case room <- struct{}{}:
		default:
			mu.Lock()
			all.failed++
			mu.Unlock()
			continue
		}
		group.Go(func() {
			status := c.ask(ctx, n)
			took := time.Since(begin) - due
			<-room
			mu.Lock()
			defer mu.Unlock()
			switch {
			case status == http.StatusOK && took <= crowdPatient:
				all.useful++
			case status == http.StatusOK:
				all.late++
			case status == http.StatusServiceUnavailable:
				all.refused++
			default:
				all.failed++
			}
			if status == http.StatusOK {
				all.took = append(all.took, float64(took)/float64(time.Millisecond))
			}
		})
	}
	group.Wait()
	return all
}

// ask asks once, and gives the status; 0 for no answer.
func (c *crowd) ask(ctx context.Context, n int) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+dear, nil)
	if err != nil {
		return 0
	}
	answer, err := c.clients[n%len(c.clients)].Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0
	}
	return answer.StatusCode
}

// capacity is how many a second are answered where four ask in turn, each again once it is answered.
func (c *crowd) capacity(ctx context.Context, length time.Duration) float64 {
	var group sync.WaitGroup
	counts := make([]int, 4)
	begin := time.Now()
	for i := range counts {
		group.Go(func() {
			for n := i; time.Since(begin) < length && ctx.Err() == nil; n += len(counts) {
				if c.ask(ctx, n) == http.StatusOK {
					counts[i]++
				}
			}
		})
	}
	group.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / time.Since(begin).Seconds()
}

// overload asks for once, twice and four times what can be answered, with requests that would wait too long refused and without.
func (b *bench) overload(ctx context.Context) error {
	crowds := map[string]*crowd{}
	for _, shedding := range []string{"on", "off"} {
		url, _, err := b.pintail(ctx, "shedding "+shedding, "sqlite:"+b.path("shedding-"+shedding+".db"), crowdRows, "PINTAIL_LIMITS_SHEDDING="+shedding, "PINTAIL_GUARD=off")
		if err != nil {
			return err
		}
		crowds[shedding] = newCrowd(url)
		defer crowds[shedding].close()
	}
	capacity := crowds["on"].capacity(ctx, b.o.time)
	if capacity < 1 {
		return errors.New("nothing is answered")
	}
	fmt.Printf("\nmore asked than can be done: %d rows read for each request, SQLite, %d clients, %.0f answers a second at most; median of %d rounds of %v\n",
		crowdRows, crowdClients, capacity, b.o.rounds, b.o.time)
	for _, times := range []float64{1, 2, 4} {
		figures := map[string][4][]float64{}
		for range b.o.rounds {
			for _, shedding := range []string{"on", "off"} {
				b.settle(ctx)
				got := crowds[shedding].asks(ctx, times*capacity, b.o.time)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				slices.Sort(got.took)
				f := figures[shedding]
				for i, v := range []float64{float64(got.useful), float64(got.late + got.failed), float64(got.refused)} {
					f[i] = append(f[i], v/b.o.time.Seconds())
				}
				if n := len(got.took); n > 0 {
					f[3] = append(f[3], got.took[min(n*99/100, n-1)])
				}
				figures[shedding] = f
			}
		}
		for _, shedding := range []string{"on", "off"} {
			f := figures[shedding]
			fmt.Printf("  %.0f × capacity, shedding %-3s  %6.0f /s within %v   %6.0f /s later or never   %6.0f /s refused   p99 of the answered %6.0f ms\n",
				times, shedding, median(f[0]), crowdPatient, median(f[1]), median(f[2]), median(f[3]))
		}
	}
	b.stop()
	return nil
}
