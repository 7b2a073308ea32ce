package story

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func slowTale() tale {
	return tale{
		name:  "slow",
		title: "The question that was fast until the shop grew",
		opening: "A young shop has " + grouped(slowOrders) + " orders, and every question is answered in a blink. One of them reads more rows for every order that is added, and " +
			"nobody knows which. Then the shop grows ten times as large.",
		unprotected: "Nobody rehearses.",
		charts: []Chart{
			{Title: "The question: 99 of 100 answers were faster", Unit: "ms", Log: true, Lines: []Line{
				{"young_p99", "in the young shop", "plain"}, {"grown_p99", "in the grown shop", "good"},
			}},
		},
		tell: tellSlow,
	}
}

const (
	slowOrders = 10_000 // of the young shop; the grown one has slowTimes as many
	slowTimes  = 10
	slowFactor = 2.0 // times the young shop's p99

	slowRate   = 60.0            // requests a second for the question
	slowOther  = 5.0             // for each of the others, while the shop is young
	slowRecord = 4 * time.Second // that the young shop is watched for
	slowRounds = 5               // in turn in the young and in the grown shop
	slowRound  = 1500 * time.Millisecond
	slowTime   = 15 * time.Second // after which the rehearsal begins no larger shadow
	slowMost   = 40 * time.Second // that the rehearsal may take
)

// A slow is the story of the question that was fast until the shop grew.
type slow struct {
	*run
	riddle riddle
	young  *child
	grown  *child

	mu           sync.Mutex
	asking       *flow  // now; nil for none
	line         string // of the chart, that the one belongs to
	before       samples
	after        samples
	shape, label string
	found        []Figure // by the rehearsal
}

func tellSlow(ctx context.Context, r *run) (string, error) {
	s := &slow{run: r, riddle: drawRiddle(r.Seed)}
	var err error
	env := []string{"PINTAIL_CACHE_BYTES=-1"}
	if s.young, err = r.openNamed(ctx, "young", slowOrders, env...); err != nil {
		return "", err
	}
	r.step(WhoStory, "A young shop opens: %s orders in a SQLite file, no cache. Visitors ask %d kinds of questions.", grouped(slowOrders), 1+len(questions()))
	if err := s.record(ctx); err != nil {
		return "", err
	}
	growing := make(chan error, 1)
	go func() {
		var err error
		s.grown, err = r.openNamed(ctx, "grown", slowOrders*slowTimes, env...)
		growing <- err
	}()
	var advice string
	if !r.Unprotected {
		if advice, err = s.rehearse(ctx); err != nil {
			return "", errors.Join(err, <-growing)
		}
	}
	if err := <-growing; err != nil {
		return "", err
	}
	if advice != "" {
		if err := s.follow(ctx, advice); err != nil {
			return "", err
		}
	}
	r.mark("the shop has grown", WhoWorld, "The shop has grown: %s orders, really, by the demo's own generator.", grouped(slowOrders*slowTimes))
	stop := r.watch(slowRounds*2*slowRound, s.look)
	err = s.compare(ctx)
	stop()
	if err != nil {
		return "", err
	}
	return s.judge(), nil
}

// record lets visitors ask everything, so that the process knows what it is asked, and finds out which of its shapes the question is.
func (s *slow) record(ctx context.Context) error {
	host := s.young.listen
	var all []*flow
	defer func() {
		for _, f := range all {
			f.stop(0)
		}
	}()
	for i, q := range questions() {
		all = append(all, s.flow(ctx, uint64(10+i), stream{to: host, rate: slowOther, conns: 1, ask: func(_ int, r *rand.Rand) asked {
			return asked{request: q.ask(host, r)}
		}}))
	}
	if err := s.pause(ctx, slowRecord/2); err != nil {
		return err
	}
	known, err := s.shapes(ctx)
	if err != nil {
		return err
	}
	one := s.flow(ctx, 1, s.stream(s.young))
	all = append(all, one)
	begin := s.now()
	if err := s.pause(ctx, slowRecord/2); err != nil {
		return err
	}
	now, err := s.shapes(ctx)
	if err != nil {
		return err
	}
	for id, label := range now {
		if _, ok := known[id]; !ok {
			s.shape, s.label = id, label
		}
	}
	if s.shape == "" && !s.Unprotected {
		return errors.New("the shop doesn't say which questions it was asked")
	}
	s.step(WhoVisitor, "Nobody notices anything: of a hundred who ask for %s, 99 have them within %s.", s.riddle.what, span(one.arrived(begin, s.now()).quantile(0.99)))
	return nil
}

func (s *slow) stream(c *child) stream {
	return stream{to: c.listen, rate: slowRate, conns: 16, ask: func(_ int, r *rand.Rand) asked {
		return asked{request: get(c.listen, s.riddle.ask(r))}
	}}
}

// shapes gives the labels of all shapes that the young shop was asked, by their IDs.
func (s *slow) shapes(ctx context.Context) (map[string]string, error) {
	if s.Unprotected {
		return nil, nil
	}
	body, err := fetch(ctx, "http://"+s.young.admin+"/shapes")
	if err != nil {
		return nil, fmt.Errorf("ask the shop what it was asked: %w", err)
	}
	var page struct {
		Shapes []struct{ Shape, Label string }
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("read what the shop was asked: %w", err)
	}
	out := map[string]string{}
	for _, one := range page.Shapes {
		out[one.Shape] = one.Label
	}
	return out, nil
}

// A rehearsal is what `pintail rehearse --json` prints, as far as the story reads it.
type rehearsal struct {
	Verdicts []struct {
		Shape, Label, Class string
		Exponent            float64
		Advice              []struct{ Table, Line string }
	}
	Seconds float64
}

// rehearse has the program rehearse and gives the line that it advises for the question.
func (s *slow) rehearse(ctx context.Context) (string, error) {
	s.step(WhoStory, "`pintail rehearse` takes the shapes of all questions and of the data with it, grows a shadow of the shop, and counts what each question would read.")
	ctx, cancel := context.WithTimeout(ctx, slowMost)
	defer cancel()
	out, err := s.do(ctx, "young", "rehearse", "--admin", s.young.admin, "--to", strconv.Itoa(slowTimes), "--seed", fmt.Sprint(s.Seed), "--time", slowTime.String(), "--json")
	if err != nil {
		return "", err
	}
	var found rehearsal
	if err := json.Unmarshal(out, &found); err != nil {
		return "", fmt.Errorf("read what the rehearsal found: %w", err)
	}
	for _, v := range found.Verdicts {
		if v.Shape != s.shape {
			continue
		}
		worse := v.Class != "flat" && v.Class != "sublinear" && v.Class != "unknown"
		s.found = []Figure{
			Figure{Name: "named", Label: "the question is named as one that grows: " + v.Class + ", exponent " + trimmed(v.Exponent, 2)}.must(worse),
			Figure{Name: "advised", Label: "an index is advised for it"}.must(len(v.Advice) > 0),
		}
		s.mark("rehearsed", WhoPintail, "The rehearsal names it: %s. The work grows with the data (%s, exponent %s).", v.Label, v.Class, trimmed(v.Exponent, 2))
		if len(v.Advice) == 0 {
			return "", nil
		}
		s.step(WhoPintail, "Indexes were tried on the shadow. This one cures it: %s on type %s.", v.Advice[0].Line, v.Advice[0].Table)
		return v.Advice[0].Line + "\n" + v.Advice[0].Table, nil
	}
	return "", fmt.Errorf("the rehearsal says nothing of shape %s (%s)", s.shape, s.label)
}

// follow adds the line to the grown shop's schema file and applies it, as a person would before the shop has grown.
func (s *slow) follow(ctx context.Context, advice string) error {
	line, table, _ := strings.Cut(advice, "\n")
	path := s.path("grown", "schema.graphql")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head := "type " + table + " @table"
	if !bytes.Contains(text, []byte(head)) {
		return fmt.Errorf("the schema file has no %q, for which the rehearsal advises %q", head, line)
	}
	text = bytes.Replace(text, []byte(head), []byte(head+" "+line), 1)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	if _, err := s.do(ctx, "grown", "schema", "apply"); err != nil {
		return err
	}
	s.step(WhoStory, "The line is added to schema.graphql; `pintail schema apply` makes the index.")
	return nil
}

// do runs the program in one of the shops and gives what it prints.
func (s *slow) do(ctx context.Context, shop string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.Program, args...)
	cmd.Dir, cmd.Env = s.path(shop), cleaned(os.Environ())
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pintail %s: %w: %s", strings.Join(args, " "), err, tail(said.Bytes()))
	}
	return out.Bytes(), nil
}

// compare asks the question in the young and in the grown shop in turn.
func (s *slow) compare(ctx context.Context) error {
	s.step(WhoStory, "Visitors ask for %s, %d times a second, in the young shop as it was and in the grown one, in turn.", s.riddle.what, int(slowRate))
	rounds := uint64(slowRounds)
	if s.Brief {
		rounds = 1
	}
	for round := range rounds {
		for i, c := range []*child{s.young, s.grown} {
			f := s.flow(ctx, 100+2*round+uint64(i), s.stream(c))
			s.mu.Lock()
			s.asking, s.line = f, []string{"young_p99", "grown_p99"}[i]
			s.mu.Unlock()
			begin := s.now()
			err := s.pause(ctx, slowRound)
			end := s.now()
			f.stop([]time.Duration{2 * time.Second, slowRound / 3}[i]) // in a grown shop that is slow there is no end to it
			s.mu.Lock()
			s.asking = nil
			all := f.arrived(begin, end)
			if i == 0 {
				s.before = append(s.before, all...)
			} else {
				s.after = append(s.after, all...)
			}
			s.mu.Unlock()
			if err != nil {
				return err
			}
		}
	}
	s.before.sort()
	s.after.sort()
	return nil
}

// look is the sample of a tick.
func (s *slow) look(from, to time.Duration) map[string]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asking == nil {
		return nil
	}
	done := s.asking.finished(from, to)
	if len(done) == 0 {
		return nil
	}
	return map[string]float64{s.line: ms(done.quantile(0.99))}
}

func (s *slow) judge() string {
	before, after := s.before.quantile(0.99), s.after.quantile(0.99)
	times := ms(after) / max(ms(before), 0.001)
	s.step(WhoVisitor, "In the grown shop, 99 of 100 who ask for %s have them within %s; it was %s in the young one.", s.riddle.what, span(after), span(before))
	for _, f := range s.found {
		s.figure(f)
	}
	s.figure(Figure{Name: "lost", Label: fmt.Sprintf("of %s questions in the young shop, not answered", grouped(int64(len(s.before)))), Value: float64(len(s.before) - s.before.good()), Ground: true}.none())
	s.figure(Figure{Name: "young_p99", Label: "99 of 100 answers were faster, in the young shop", Value: ms(before), Unit: "ms", Timed: true}.told())
	s.figure(Figure{Name: "grown_p99", Label: "99 of 100 answers were faster, with ten times the data", Value: ms(after), Unit: "ms", Timed: true}.told())
	s.figure(Figure{Name: "times", Label: "times as long", Value: times, Timed: true, Unit: "x"}.atMost(slowFactor))
	s.late(append(slices.Clone(s.before), s.after...), before/2, times <= slowFactor)
	s.figure(Figure{Name: "unanswered", Label: fmt.Sprintf("of %s in the grown shop, not answered", grouped(int64(len(s.after)))), Value: float64(len(s.after) - s.after.good()), Timed: true}.none())
	if s.Unprotected {
		return fmt.Sprintf("With ten times the data, asking for %s takes %s instead of %s, in the slowest of a hundred cases.", s.riddle.what, span(after), span(before))
	}
	return fmt.Sprintf("The rehearsal named the question before it was slow. With its index and ten times the data, 99 of 100 have the answer within %s; in the young shop it was %s.", span(after), span(before))
}

// drawRiddle gives the question that a seed stands for.
func drawRiddle(seed uint64) riddle {
	all := riddles()
	return all[rand.New(rand.NewPCG(seed, 7)).IntN(len(all))]
}

// A riddle is a question that no index of the demo fits.
type riddle struct {
	what string
	ask  func(r *rand.Rand) string // its path
}

// riddles are the questions of which a seed draws one.
func riddles() []riddle {
	return []riddle{
		{"the largest orders up to a sum", func(r *rand.Rand) string {
			return fmt.Sprintf("/rest/v1/order?total=lt.%d.%02d&select=id,total&order=total.desc&limit=10", 20+r.IntN(40), r.IntN(100))
		}},
		{"the largest orders with a note", func(r *rand.Rand) string {
			return "/rest/v1/order?note=eq." + []string{"to%20go", "as%20usual", "no%20chili", "well%20done", "soft%20egg"}[r.IntN(5)] + "&select=id,total&order=total.desc&limit=10"
		}},
		{"the newest customers", func(*rand.Rand) string {
			return "/rest/v1/customer?select=name,joined_at&order=joined_at.desc&limit=10"
		}},
		{"the largest orders that were served", func(*rand.Rand) string {
			return "/rest/v1/order?status=eq.served&select=id,total&order=total.desc&limit=10"
		}},
		{"orders of many of the same toast", func(r *rand.Rand) string {
			return fmt.Sprintf("/rest/v1/order_item?quantity=gte.%d&select=order_id,quantity&order=quantity.desc&limit=10", 6+r.IntN(3))
		}},
		{"the dearest lines of all orders", func(*rand.Rand) string {
			return "/rest/v1/order_item?select=order_id,line,price&order=price.desc&limit=10"
		}},
	}
}
