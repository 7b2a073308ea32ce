package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

func outageTale() tale {
	return tale{
		name:  "outage",
		title: "The index that was dropped at 3 AM",
		opening: "The shop is busy. Somebody connects to its database from outside and drops an index: the one that the busiest question of all stands on. " +
			"From then on, each of these questions reads all orders to find ten. Does the rest of the shop notice?",
		unprotected: "The guard is off.",
		charts: []Chart{
			{Title: "The rest of the shop: 99 of 100 answers were faster", Unit: "ms", Log: true, Lines: []Line{
				{"others_p99", "questions", "plain"}, {"orders_p99", "orders that are placed", "good"},
			}},
			{Title: "The question that lost its index", Unit: "a second", Lines: []Line{
				{"answered", "answered", "good"}, {"shed", "told to come back later", "warn"}, {"lost", "failed", "bad"},
			}},
		},
		tell: tellOutage,
	}
}

const (
	outageWarm    = 2 * time.Second  // until everything runs
	outageCalm    = 8 * time.Second  // the phase that times are compared with
	outageHold    = 8 * time.Second  // that the rebuild is held back; building it takes a tenth of a second
	outageMost    = 20 * time.Second // that the story waits for the end of the loss
	outageAfter   = 2 * time.Second  // that the shop is watched on, once all is well
	outageLossMin = 5.0              // seconds

	outageHot     = 300.0 // requests a second for the shape that loses its index
	outageOther   = 150.0 // for each of the others
	outageOrders  = 10.0  // that are placed a second
	outageShedMin = 1000
	outageEachMin = 1000 // requests of each other shape while the index is gone
	outageFew     = 10   // other shapes, at least
	outageFactor  = 2    // times the calm phase's p99
	outageFloor   = 10 * time.Millisecond

	outageAgain = 200 * time.Millisecond // for how long all must be answered before the loss counts as over

	outageIndex = "order_customer_id_placed_at_idx"
)

// An outage is the story of the index that was dropped.
type outage struct {
	*run
	shop    *child
	hot     *flow
	others  []*flow
	placing *flow

	refused atomic.Int64 // by the guard, with its code and a time to come back
	shapes  int          // that the guard refused

	calm, lost, back time.Duration // when the calm phase began, the index was dropped, and its questions were answered again
}

func tellOutage(ctx context.Context, r *run) (string, error) {
	o := &outage{run: r}
	env := []string{"PINTAIL_CACHE_BYTES=-1"}
	if r.Unprotected {
		env = append(env, "PINTAIL_GUARD=off")
	} else {
		env = append(env, "PINTAIL_GUARD_HOLD="+outageHold.String())
	}
	var err error
	if o.shop, err = r.open(ctx, env...); err != nil {
		return "", err
	}
	r.step(WhoStory, "A copy of the toast shop opens: %s in a SQLite file. Its cache is off: every question goes to the database.", orders())
	o.visit(ctx)
	defer o.leave(0)
	r.step(WhoStory, "Visitors come: %d times a second somebody asks for their last orders, %d times a second for each of %d other things, and %d orders a second are placed.",
		int(outageHot), int(outageOther), len(o.others), int(outageOrders))
	stop := r.watch(outageWarm+outageCalm+outageHold+outageAfter, o.look)
	err = o.play(ctx)
	stop()
	o.leave(3 * time.Second)
	if err != nil {
		return "", err
	}
	return o.judge(), nil
}

// visit lets everybody ask.
func (o *outage) visit(ctx context.Context) {
	host := o.shop.listen
	o.hot = o.flow(ctx, 1, stream{to: host, rate: outageHot, conns: 16, ask: func(_ int, r *rand.Rand) asked {
		return asked{request: get(host, fmt.Sprintf("/rest/v1/order?customer_id=eq.%d&select=id,status,total,placed_at&order=placed_at.desc&limit=10", 1+r.IntN(shopCustomers))), look: o.hear}
	}})
	for i, q := range questions() {
		o.others = append(o.others, o.flow(ctx, uint64(2+i), stream{kind: q.what, to: host, rate: outageOther, conns: 4, ask: func(_ int, r *rand.Rand) asked {
			return asked{request: q.ask(host, r)}
		}}))
	}
	o.placing = o.flow(ctx, 100, stream{to: host, rate: outageOrders, conns: 2, ask: func(_ int, r *rand.Rand) asked {
		return asked{request: send("POST", host, "/rest/v1/order", fmt.Sprintf(`{"customer_id": %d, "total": "9.50"}`, 1+r.IntN(shopCustomers)))}
	}})
}

func (o *outage) hear(a answer) {
	if a.status == 503 && a.retry != "" && a.code() == guardCode {
		o.refused.Add(1)
	}
}

// leave stops all that ask.
func (o *outage) leave(patience time.Duration) {
	all := append([]*flow{o.hot, o.placing}, o.others...)
	for _, f := range all {
		f.finish()
	}
	for _, f := range all {
		f.stop(patience)
	}
}

// look is the sample of a tick.
func (o *outage) look(from, to time.Duration) map[string]float64 {
	var others samples
	for _, f := range o.others {
		others = append(others, f.finished(from, to)...)
	}
	others.sort()
	hot, placing := o.hot.finished(from, to), o.placing.finished(from, to)
	values := map[string]float64{
		"answered": perSecond(hot.good(), to-from), "shed": perSecond(hot.status(503), to-from),
		"lost": perSecond(len(hot)-hot.good()-hot.status(503), to-from),
	}
	if len(others) > 0 {
		values["others_p99"] = ms(others.quantile(0.99))
	}
	if len(placing) > 0 {
		values["orders_p99"] = ms(placing.quantile(0.99))
	}
	return values
}

// play lets it happen.
func (o *outage) play(ctx context.Context) error {
	if err := o.pause(ctx, outageWarm); err != nil {
		return err
	}
	o.calm = o.now()
	if err := o.pause(ctx, o.phase(outageCalm)); err != nil {
		return err
	}
	o.step(WhoStory, "All is calm: of every hundred questions, 99 are answered within %s.", span(o.p99(o.calm, o.now())))
	if err := o.drop(); err != nil {
		return err
	}
	o.mark("index dropped", WhoWorld, "Another process drops the index %s.", outageIndex)
	if o.Unprotected {
		return o.suffer(ctx)
	}
	return o.recover(ctx)
}

// drop drops the index, from a process that the shop knows nothing of: this one.
func (o *outage) drop() (err error) {
	c, err := sqlite.OpenConn(o.path("shop", "data", "pintail.db"), sqlite3.OPEN_READWRITE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	o.lost = o.now()
	if err := c.Exec("DROP INDEX " + outageIndex); err != nil {
		return fmt.Errorf("drop an index of the shop: %w", err)
	}
	return nil
}

// suffer waits for as long as the loss would last.
func (o *outage) suffer(ctx context.Context) error {
	if err := o.pause(ctx, outageHold); err != nil {
		return err
	}
	o.back = o.now()
	o.step(WhoVisitor, "“Your orders” takes seconds. So does everything else: the menu, one toast, an order that is placed.")
	return nil
}

// recover waits until the questions are answered again.
func (o *outage) recover(ctx context.Context) error {
	if err := o.until(ctx, 5*time.Second, func() bool { return o.refused.Load() > 0 }); err != nil {
		return err
	}
	seen := o.now()
	if o.refused.Load() == 0 {
		o.step(WhoVisitor, "Five seconds later nothing is done about it.")
	} else {
		o.mark("refused", WhoPintail, "It is noticed within %s. The one question that stood on the index is refused, with a time to come back, and no other.", span(seen-o.lost))
	}
	o.step(WhoStory, "Building the index takes a moment. So that there is something to see, the story has Pintail hold that back for %s.", span(outageHold))
	if err := o.pause(ctx, 2*time.Second); err != nil {
		return err
	}
	status, err := o.guard(ctx)
	if err != nil {
		return err
	}
	o.shapes = len(status.Shed)
	for _, one := range status.Shed {
		o.step(WhoPintail, "The operator is told why: %s: %s", one.Label, sentence(one.Reason))
	}
	o.step(WhoVisitor, "“Your orders” says: come back in a moment. Everything else is as before: 99 of 100 answers within %s, and orders are placed.", span(o.p99(seen, o.now())))
	again := func() bool {
		hot := o.hot.finished(o.now()-outageAgain, o.now())
		return len(hot) > 10 && hot.good() == len(hot)
	}
	if err := o.until(ctx, outageMost, again); err != nil {
		return err
	}
	o.back = o.now()
	if !again() {
		o.step(WhoVisitor, "“Your orders” is still away, %s later.", span(o.back-o.lost))
		return nil
	}
	o.back -= outageAgain
	o.mark("answered again", WhoVisitor, "“Your orders” is there again, %s after the index was dropped.", span(o.back-o.lost))
	if err := o.pause(ctx, outageAfter); err != nil {
		return err
	}
	if status, err = o.guard(ctx); err != nil {
		return err
	}
	for _, i := range status.Incidents {
		o.step(WhoPintail, "The index was built in %s. It is on record: %s Who did it: %s.", span(time.Duration(i.Build)), sentence(i.What), i.Who)
	}
	return nil
}

// A guardStatus is what GET /guard tells, as far as the story reads it.
type guardStatus struct {
	Shed      []struct{ Label, Reason string }
	Incidents []struct {
		What, Who, State string
		Build            int64 `json:"build_ns"`
	}
}

func (o *outage) guard(ctx context.Context) (status guardStatus, err error) {
	body, err := fetch(ctx, "http://"+o.shop.admin+"/guard")
	if err == nil {
		err = json.Unmarshal(body, &status)
	}
	if err != nil {
		return status, fmt.Errorf("ask what the guard knows: %w", err)
	}
	return status, nil
}

// sentence ends a text as one does.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	return text
}

// everything is what was asked of all other shapes together, and p99 what 99 of 100 of that took at most.
func (o *outage) everything(from, to time.Duration) (all samples) {
	for _, f := range o.others {
		all = append(all, f.arrived(from, to)...)
	}
	all.sort()
	return all
}

func (o *outage) p99(from, to time.Duration) time.Duration {
	return o.everything(from, to).quantile(0.99)
}

// judge tells the figures and gives the last sentence.
func (o *outage) judge() string {
	hot := o.hot.arrived(o.lost, o.back)
	few, lost, within := -1, 0, 0
	var slowest time.Duration
	worst := ""
	for _, f := range o.others {
		calm, gone := f.arrived(o.calm, o.lost), f.arrived(o.lost, o.back)
		lost += len(gone) - gone.good()
		if few < 0 || len(gone) < few {
			few = len(gone)
		}
		p99, most := gone.quantile(0.99), max(outageFactor*calm.quantile(0.99), outageFloor)
		if p99 <= most {
			within++
		}
		if p99 > slowest {
			slowest, worst = p99, f.kind
		}
	}
	placed := o.placing.arrived(o.lost, o.back)
	o.figure(Figure{Name: "loss", Label: "how long the index was away", Value: (o.back - o.lost).Seconds(), Unit: "s", Ground: true}.atLeast(outageLossMin))
	if !o.Unprotected {
		o.figure(Figure{Name: "shed", Label: "questions that were refused for it, with a time to come back", Value: float64(o.refused.Load())}.atLeast(outageShedMin))
		o.figure(Figure{Name: "shapes_refused", Label: "kinds of questions that were refused", Value: float64(o.shapes)}.atMost(1))
		after := o.hot.arrived(o.back, o.now())
		o.figure(Figure{Name: "answered_again", Label: "of them, asked afterwards and answered", Value: percent(after.good(), len(after)), Unit: "%"}.atLeast(99))
	}
	o.figure(Figure{Name: "other_shapes", Label: "other questions that are asked", Value: float64(len(o.others)), Ground: true}.atLeast(outageFew))
	o.figure(Figure{Name: "asked_each", Label: "times that each was asked while the index was away, at least", Value: float64(few), Ground: true}.atLeast(outageEachMin))
	o.figure(Figure{Name: "others_lost", Label: "of all these, not answered", Value: float64(lost)}.none())
	o.figure(Figure{Name: "others_within", Label: fmt.Sprintf("of them, within twice the calm time (or %s) in 99 of 100 cases", span(outageFloor)), Value: float64(within), Timed: true}.atLeast(float64(len(o.others))))
	o.figure(Figure{Name: "others_calm_p99", Label: "99 of 100 of them were faster, before", Value: ms(o.p99(o.calm, o.lost)), Unit: "ms", Timed: true}.told())
	o.figure(Figure{Name: "others_p99", Label: "99 of 100 of them were faster, while the index was away", Value: ms(o.p99(o.lost, o.back)), Unit: "ms", Timed: true}.told())
	o.late(o.everything(o.calm, o.back), outageFloor/2, within == len(o.others))
	o.figure(Figure{Name: "orders_lost", Label: fmt.Sprintf("of %s orders that were placed meanwhile, lost", grouped(int64(len(placed)))), Value: float64(len(placed) - placed.good())}.none())
	if within == len(o.others) && lost == 0 {
		return fmt.Sprintf("%s questions were told to come back later; %s others were answered as if nothing had happened.", grouped(o.refused.Load()), grouped(int64(len(o.everything(o.lost, o.back)))))
	}
	return fmt.Sprintf("One index was gone, of one table, and %d of %d other questions were slow or not answered; the slowest of them (%s) took %s. Of those who asked for their orders, %.0f %% had them.",
		len(o.others)-within, len(o.others), worst, span(slowest), percent(hot.good(), len(hot)))
}
