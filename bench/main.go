// Command bench measures Pintail against its peers in one run on one machine: rounds are interleaved, what is reported is
// the ratio of medians, and any answer but 2xx voids the run. `make bench` installs what it needs (wrk, PostgreSQL) and
// calls it. Load comes from wrk on the same machine, so figures are shared between server and client.
//
//	bench [--rounds N] [--seconds S] [--only NAME,…] [--rows N]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	o := options{}
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each measurement")
	flag.DurationVar(&o.time, "time", 4*time.Second, "length of a round")
	flag.IntVar(&o.rows, "rows", 100_000, "rows of the item table")
	only := flag.String("only", "", "comma-separated names of measurements; default all: sqlite, insert, postgres, graphql, cache, entries, overload, growth, demo, tables")
	flag.Parse()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal("bench: ", err)
	}
}

type options struct {
	rounds, rows int
	time         time.Duration
	only         []string
}

func (o options) wants(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

// A contest is one piece of work done by several programs. The first one is Pintail.
type contest struct {
	name, work  string
	connections int
	players     []player
	goals       map[string]float64 // ratio to each peer that is wanted
}

// A player is one program's address and the script that asks it.
type player struct {
	name, url, script string
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "pintail-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{o: o, dir: dir, serving: map[string]*exec.Cmd{}}
	defer b.stop()
	if err := b.build(ctx); err != nil {
		return err
	}
	if o.wants("sqlite") || o.wants("insert") {
		if err := b.sqlite(ctx); err != nil {
			return err
		}
	}
	if o.wants("postgres") {
		if err := b.postgres(ctx); err != nil {
			return err
		}
	}
	if o.wants("graphql") {
		if err := b.graphql(ctx); err != nil {
			return err
		}
	}
	if o.wants("cache") {
		if err := b.cache(ctx); err != nil {
			return err
		}
	}
	if o.wants("entries") {
		if err := b.entries(ctx); err != nil {
			return err
		}
	}
	if o.wants("overload") {
		if err := b.overload(ctx); err != nil {
			return err
		}
	}
	if o.wants("growth") {
		if err := b.growth(ctx); err != nil {
			return err
		}
	}
	if o.wants("demo") {
		if err := b.demo(ctx); err != nil {
			return err
		}
	}
	if o.wants("tables") {
		if err := b.tables(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A measured is whatever can be asked for a time.
type measured struct {
	name string
	run  func(context.Context, time.Duration) (figures, error)
}

// play runs a contest's rounds.
func (b *bench) play(ctx context.Context, c contest) error {
	var players []measured
	for _, p := range c.players {
		players = append(players, measured{p.name, func(ctx context.Context, length time.Duration) (figures, error) {
			return b.load(ctx, p, c.connections, length)
		}})
	}
	return b.rounds(ctx, c.work, players, c.goals)
}

// rounds runs the rounds of a piece of work, player by player in turn, and prints the medians and ratios. Each begins when no other has work
// left to do, such as writing its log: that would be taken from the one that comes next.
func (b *bench) rounds(ctx context.Context, work string, players []measured, goals map[string]float64) error {
	rates := make([][]float64, len(players))
	tails := make([][]float64, len(players))
	costs := make([][]float64, len(players))
	for _, p := range players {
		if _, err := p.run(ctx, time.Second); err != nil {
			return fmt.Errorf("%s, warming %s: %w", work, p.name, err)
		}
	}
	for range b.o.rounds {
		for i, p := range players {
			b.settle(ctx)
			r, err := p.run(ctx, b.o.time)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", work, p.name, err)
			}
			rates[i] = append(rates[i], r.rate)
			tails[i] = append(tails[i], r.p99)
			costs[i] = append(costs[i], r.cpu)
		}
	}
	fmt.Printf("\n%s\n", work)
	mine := median(rates[0])
	for i, p := range players {
		rate := median(rates[i])
		line := fmt.Sprintf("  %-16s %9.0f /s   p99 %6.1f ms", p.name, rate, median(tails[i]))
		if cost := median(costs[i]); cost > 0 { // of the program's own, which other work on the machine moves less
			line += fmt.Sprintf("   %5.1f µs of processor each", cost)
		}
		if i > 0 {
			line += fmt.Sprintf("   Pintail is %.2f ×", mine/rate)
			if goal, ok := goals[p.name]; ok {
				line += fmt.Sprintf("  (goal %.2f: %s)", goal, verdict(mine/rate >= goal))
			}
		}
		fmt.Println(line)
	}
	return nil
}

func verdict(ok bool) string {
	if ok {
		return "reached"
	}
	return "missed"
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	if len(list) == 0 {
		return 0
	}
	return list[len(list)/2]
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }
