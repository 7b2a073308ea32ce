package story

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"
)

func floodTale() tale {
	return tale{
		name:  "flood",
		title: "The script that would not stop asking",
		opening: "Fifty visitors are in the shop. Then a script somewhere asks the dearest question there is, ten times as often as the shop can answer it. " +
			"Later on, two hundred clients come at once, none of them in the wrong. Do the visitors still get their answers?",
		unprotected: "Rate limits and load shedding are off.",
		charts: []Chart{
			{Title: "Fifty visitors: 99 of 100 answers were faster", Unit: "ms", Log: true, Lines: []Line{{"visitors_p99", "visitors", "good"}}},
			{Title: "The script, and the two hundred", Unit: "a second", Log: true, Lines: []Line{
				{"answered", "answered within a second", "good"}, {"late", "answered later", "bad"}, {"refused", "told to come back later", "warn"},
			}},
		},
		tell: tellFlood,
	}
}

const (
	floodLimit = 10 // requests a second that a client may ask; twice as many at once after a pause
	floodBurst = 20

	floodProbe    = 1500 * time.Millisecond // in which is found out what the shop can do
	floodWarm     = time.Second
	floodSettle   = time.Second // after a change, before anything is counted
	floodCalm     = 8 * time.Second
	floodAttack   = 8 * time.Second
	floodRest     = 2 * time.Second         // between the acts
	floodPeak     = 1500 * time.Millisecond // at each step up to the peak
	floodCrowd    = 6 * time.Second         // at three times that
	floodPatience = time.Second             // after which an answer is of no use to anybody

	floodVisitors    = 50
	floodEach        = 2.0 // requests a second of a visitor
	floodDear        = 0.1 // of a visitor's requests, the part that is dear
	floodTimes       = 10.0
	floodConns       = 64  // of the script; a client may have 256
	floodClients     = 200 // at least: each stays below half of what it may ask
	floodClientsMax  = 10_000
	floodCrowdTimes  = 3.0
	floodAnswersMin  = 99.0 // percent of the visitors' requests
	floodFactor      = 2    // times the calm phase's p99
	floodAllowance   = 90.0 // percent of its allowance that the script gets
	floodGoodputMin  = 80.0 // percent of the peak
	floodProbeConns  = 16   // clients, a processor
	floodProbeTurns  = 3    // of them, those who ask at the same time
	floodCapacityMin = 5.0  // dear answers a second, below which a machine is too busy
)

// Addresses of this machine, each of which is one client's.
var (
	floodScript  = netip.MustParseAddr("127.66.6.6")
	floodShopper = func(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 10, 0, byte(1 + n)}) }
	floodOne     = func(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 20, byte(n / 250), byte(1 + n%250)}) }
	floodProber  = func(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 30, byte(n / 250), byte(1 + n%250)}) }
)

// A flood is the story of the script that would not stop asking.
type flood struct {
	*run
	shop     *child
	capacity float64 // dear questions a second

	mu       sync.Mutex
	visitors *flow
	others   *flow // the script, then the two hundred; nil between
}

func tellFlood(ctx context.Context, r *run) (string, error) {
	if err := ownAddresses(); err != nil {
		return "", err
	}
	f := &flood{run: r}
	limit := fmt.Sprintf("PINTAIL_LIMITS_DEFAULT=%d/s burst %d", floodLimit, floodBurst)
	if r.Unprotected {
		limit = "PINTAIL_LIMITS_DEFAULT=off"
	}
	env := []string{limit}
	if r.Unprotected {
		env = append(env, "PINTAIL_LIMITS_SHEDDING=off")
	}
	var err error
	if f.shop, err = r.open(ctx, env...); err != nil {
		return "", err
	}
	r.step(WhoStory, "A copy of the toast shop opens: %s in a SQLite file.", orders())
	if !r.Unprotected {
		r.step(WhoStory, "Every client may ask %d times a second, and %d times at once after a pause. No client is named in any configuration.", floodLimit, floodBurst)
	}
	if err := f.probe(ctx, 1); err != nil {
		return "", err
	}
	r.step(WhoStory, "Its dearest question reads all orders. The shop can answer it %.0f times a second on this machine.", f.capacity)
	stop := r.watch(floodWarm+floodCalm+floodAttack+floodRest+floodProbe+3*floodPeak+floodCrowd+4*floodSettle, f.look)
	first, err := f.attack(ctx)
	second := ""
	if err == nil {
		second, err = f.crowd(ctx)
	}
	stop()
	return first + " " + second, err
}

// ownAddresses looks whether this system lets a client choose its address among 127/8, as Linux does.
func ownAddresses() error {
	for _, addr := range []netip.Addr{floodScript, floodOne(floodClients - 1)} {
		l, err := net.Listen("tcp", netip.AddrPortFrom(addr, 0).String())
		if err != nil {
			return fmt.Errorf("the story needs clients at several addresses of this machine, such as %s, and this system doesn't have them as Linux does: %w", addr, err)
		}
		l.Close()
	}
	return nil
}

// dear is the dearest question: orders above a sum, which no index knows. It reads all orders and gives none.
func (f *flood) dear(r *rand.Rand) []byte {
	return get(f.shop.listen, fmt.Sprintf("/rest/v1/order?total=gt.%d.%02d&select=id,total&limit=10", 1000+r.IntN(8999), r.IntN(100)))
}

// probe finds out how many dear questions the shop can answer in a second: few enough are asked at a time that none is refused, by clients
// who take turns so that none asks too much. It is found out again before the second act, since a machine may have got other things to do.
func (f *flood) probe(ctx context.Context, number uint64) error {
	begin := f.now()
	turns := make(chan struct{}, floodProbeTurns*runtime.GOMAXPROCS(0))
	p := f.flow(ctx, number, stream{to: f.shop.listen, rate: 10_000, conns: floodProbeConns * runtime.GOMAXPROCS(0), from: floodProber, ask: func(_ int, r *rand.Rand) asked {
		turns <- struct{}{}
		return asked{request: f.dear(r), look: func(answer) { <-turns }}
	}})
	err := f.pause(ctx, floodProbe)
	end := f.now()
	p.cut()
	if err != nil {
		return err
	}
	f.capacity = perSecond(p.finished(begin, end).good(), end-begin)
	if f.capacity < floodCapacityMin {
		return fmt.Errorf("the shop answers %.1f dear questions a second: the machine is too busy for this story", f.capacity)
	}
	return nil
}

func (f *flood) asksDear(_ int, r *rand.Rand) asked { return asked{request: f.dear(r)} }

// attack is the first act.
func (f *flood) attack(ctx context.Context) (string, error) {
	all := questions()
	f.set(&f.visitors, f.flow(ctx, 2, stream{to: f.shop.listen, rate: floodVisitors * floodEach, conns: floodVisitors, from: floodShopper, ask: func(_ int, r *rand.Rand) asked {
		if r.Float64() < floodDear {
			return asked{request: f.dear(r)}
		}
		return asked{request: all[r.IntN(len(all))].ask(f.shop.listen, r)}
	}}))
	defer f.visitors.stop(0)
	f.step(WhoStory, "Fifty visitors come, each from an address of its own, and look around: each asks something twice a second, now and then the dearest question.")
	if err := f.pause(ctx, floodWarm); err != nil {
		return "", err
	}
	calm := f.now()
	if err := f.pause(ctx, f.phase(floodCalm)); err != nil {
		return "", err
	}
	began := f.now()
	before := f.visitors.arrived(calm, began)
	f.step(WhoStory, "All is calm: of every hundred questions, 99 are answered within %s.", span(before.quantile(0.99)))

	rate := floodTimes * f.capacity
	script := f.flow(ctx, 3, stream{to: f.shop.listen, rate: rate, conns: floodConns, from: func(int) netip.Addr { return floodScript }, ask: f.asksDear})
	f.set(&f.others, script)
	defer script.stop(0)
	f.mark("a script", WhoWorld, "One client begins to ask the dearest question, %s times a second: ten times what the shop can answer.", grouped(int64(rate)))
	if err := f.pause(ctx, floodAttack); err != nil {
		return "", err
	}
	end := f.now()
	script.cut()
	f.set(&f.others, nil)
	f.mark("it stops", WhoWorld, "The script stops.")
	f.visitors.stop(3 * time.Second)
	return f.judgeAttack(ctx, before, f.visitors.arrived(began, end), script.arrived(began, end), end-began), nil
}

// set changes what the samples are of.
func (f *flood) set(to **flow, s *flow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*to = s
}

func (f *flood) judgeAttack(ctx context.Context, before, during, script samples, took time.Duration) string {
	answered, calm, busy := percent(during.good(), len(during)), before.quantile(0.99), during.quantile(0.99)
	if !f.Unprotected {
		f.step(WhoPintail, "The script was answered as often as everyone may ask, %s times, and refused %s times, at a small part of what an answer costs.",
			grouped(int64(script.good())), grouped(int64(script.status(429))))
	}
	f.step(WhoVisitor, "The fifty had %s of their answers, 99 of 100 within %s.", amount(answered, "%"), span(busy))
	f.figure(Figure{Name: "capacity", Label: "dear questions a second that the shop can answer", Value: f.capacity, Timed: true}.told())
	f.figure(Figure{Name: "script_rate", Label: "times capacity that the script asked", Value: perSecond(len(script), took) / f.capacity, Unit: "x", Timed: true}.told())
	f.figure(Figure{Name: "visitors_answered", Label: fmt.Sprintf("of %s questions of the fifty, answered", grouped(int64(len(during)))), Value: answered, Unit: "%"}.atLeast(floodAnswersMin))
	f.figure(Figure{Name: "visitors_calm_p99", Label: "99 of 100 of them were faster, before", Value: ms(calm), Unit: "ms", Timed: true}.told())
	f.figure(Figure{Name: "visitors_p99", Label: "99 of 100 of them were faster, during the flood", Value: ms(busy), Unit: "ms", Timed: true}.atMost(ms(floodFactor * calm)))
	f.late(append(slices.Clone(before), during...), calm/2, busy <= floodFactor*calm)
	if !f.Unprotected {
		f.figure(Figure{Name: "script_named", Label: "the script's address is named to the operator as one that is refused"}.must(f.named(ctx)))
		allowed := floodLimit*took.Seconds() + floodBurst
		f.figure(Figure{Name: "script_allowance", Label: fmt.Sprintf("of what everyone may ask (%.0f), the script was answered", allowed), Value: 100 * float64(script.good()) / allowed, Unit: "%"}.atLeast(floodAllowance))
	}
	return fmt.Sprintf("Beside a script at ten times capacity, %s of the visitors' questions were answered, 99 of 100 within %s (%s before).", amount(answered, "%"), span(busy), span(calm))
}

// named says whether the process tells its operator whom it refuses, on its admin address or in its log.
func (f *flood) named(ctx context.Context) bool {
	state, err := fetch(ctx, "http://"+f.shop.admin+"/state")
	if err == nil && bytes.Contains(state, []byte(`"`+floodScript.String()+`"`)) {
		return true
	}
	log, err := os.ReadFile(f.shop.log)
	return err == nil && bytes.Contains(log, []byte(floodScript.String()+" ("))
}

// crowd is the second act.
func (f *flood) crowd(ctx context.Context) (string, error) {
	if err := f.pause(ctx, f.phase(floodRest)); err != nil {
		return "", err
	}
	if err := f.probe(ctx, 4); err != nil {
		return "", err
	}
	f.mark("many clients", WhoWorld, "%s clients come, and ask the dearest question: at first less often than the shop can answer, then as often, then more often. Each of them stays far below what a client may ask.", grouped(int64(f.clients())))
	var peak float64
	for i, times := range []float64{0.7, 1, 1.5} {
		good, _, err := f.goodput(ctx, uint64(5+i), times, f.phase(floodPeak))
		if err != nil {
			return "", err
		}
		peak = max(peak, good)
	}
	f.mark("three times capacity", WhoWorld, "Together they ask %.0f times a second: three times what the shop can answer. There is nobody to blame.", floodCrowdTimes*f.capacity)
	crowded, all, err := f.goodput(ctx, 8, floodCrowdTimes, f.phase(floodCrowd))
	if err != nil {
		return "", err
	}
	if !f.Unprotected {
		f.step(WhoPintail, "As many were let in as can be answered in time; the others were told at once when to come back: %s times.", grouped(int64(all.status(503))))
	}
	f.step(WhoVisitor, "%.0f answers a second came within %s; at best it had been %.0f.", crowded, span(floodPatience), peak)
	part := 100 * crowded / max(peak, 1)
	f.figure(Figure{Name: "crowd_peak", Label: "answers a second that came within a second, at the peak", Value: peak, Timed: true}.told())
	f.figure(Figure{Name: "crowd_goodput", Label: "of that, at three times as much", Value: part, Unit: "%", Timed: true}.atLeast(floodGoodputMin))
	return fmt.Sprintf("With three times as many questions as it can answer, %.0f answers a second came in time; at best it had been %.0f.", crowded, peak), nil
}

// goodput lets the two hundred ask so many times as often as the shop can answer. It gives how many answers a second came in time, once it
// had gone on for a moment, and all that became of them.
func (f *flood) goodput(ctx context.Context, number uint64, times float64, d time.Duration) (float64, samples, error) {
	rate := times * f.capacity
	s := f.flow(ctx, number, stream{to: f.shop.listen, rate: rate, conns: f.clients(), from: floodOne, ask: f.asksDear})
	f.set(&f.others, s)
	err := f.pause(ctx, f.phase(floodSettle))
	begin := f.now()
	if err == nil {
		err = f.pause(ctx, d)
	}
	end := f.now()
	s.cut()
	f.set(&f.others, nil)
	all := s.finished(begin, end)
	return perSecond(all.count(sample.useful), end-begin), all, err
}

// clients is how many come in the second act.
func (f *flood) clients() int {
	return min(max(floodClients, int(2*floodCrowdTimes*f.capacity/floodLimit)), floodClientsMax)
}

// useful says whether an answer came while somebody still waited for it.
func (s sample) useful() bool { return s.good() && s.took <= floodPatience }

// look is the sample of a tick.
func (f *flood) look(from, to time.Duration) map[string]float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	values := map[string]float64{}
	if f.visitors != nil {
		if done := f.visitors.finished(from, to); len(done) > 0 {
			values["visitors_p99"] = ms(done.quantile(0.99))
		}
	}
	if f.others != nil {
		done := f.others.finished(from, to)
		useful := done.count(sample.useful)
		values["answered"] = perSecond(useful, to-from)
		values["late"] = perSecond(done.good()-useful, to-from)
		values["refused"] = perSecond(done.status(429)+done.status(503), to-from)
	}
	return values
}
