package shed

import (
	"math"
	"time"
)

// An adaptive limit is how many may run at once, found by watching: it rises while more at once get more done, and falls where they only
// wait for each other. The scheme is failsafe-go's (adaptivelimiter), which is TCP Vegas's with correlations that keep it from creeping up.
// Changed are: its bounds; that deadlines and a busy database count; that times are kept in buckets; that the correlations are of each
// window's own values, and over 16 windows: smoothed ones trail behind the limit, by so much that it never came down in a simulation that
// began above the knee, and with more windows it fell far below. It isn't safe for concurrent use.
type adaptive struct {
	bounds Bounds
	limit  float64

	times    histogram // of the window
	least    time.Duration
	inflight int // the most that ran at once in it
	drops    int
	since    time.Duration // when the window began
	until    time.Duration // when it may end

	median   median
	recent   average
	baseline average
	done     correlation // how much gets done, with how many run at once
	took     correlation // how long they take, with how many run at once
}

// Bounds are those of a limit, and where it starts.
type Bounds struct {
	Min, Start, Max int

	// Within, where not 0, is for what does many at once in one go, as a writer does that commits for all who wait: more at once always get
	// more done there, up to where nobody wants to wait for so many. The limit is then how many get done within this time.
	Within time.Duration
}

const (
	windowMin   = time.Second
	windowMax   = 30 * time.Second
	samplesMin  = 50
	quantile    = 0.9
	inflightMul = 5 // the limit is at most so many times what runs at once
	dropFactor  = 0.9
	dropsEach   = 20 // one in so many that is cut off is too many
)

func newAdaptive(b Bounds) *adaptive {
	return &adaptive{bounds: b, limit: float64(b.Start), until: windowMin, recent: average{age: 5}, baseline: average{age: 10}}
}

// record takes one that ran: when it ended, how long it took, how many ran when it began. One that was cut off says nothing about how long
// it would have taken, but that there were too many.
func (a *adaptive) record(now, took time.Duration, inflight int, dropped bool) {
	if dropped {
		a.drops++
	} else {
		if a.times.count == 0 || took < a.least {
			a.least = took
		}
		a.times.add(int64(took))
	}
	a.inflight = max(a.inflight, inflight)
	if now < a.until || a.times.count+a.drops < samplesMin {
		return
	}
	a.update(float64(a.times.count) / (now - a.since).Seconds())
	a.since = now
	a.until = now + min(max(2*a.least, windowMin), windowMax)
	a.times, a.least, a.inflight, a.drops = histogram{}, 0, 0, 0
}

// update ends a window.
func (a *adaptive) update(rate float64) {
	at := float64(a.inflight)
	full := at >= math.Floor(a.limit)
	if a.bounds.Within > 0 && full {
		a.set(rate * a.bounds.Within.Seconds())
		return
	}
	if a.drops*dropsEach >= a.times.count+a.drops { // what the others took is no guide
		a.set(a.limit * dropFactor)
		return
	}
	if a.bounds.Within > 0 {
		return
	}
	raw := a.times.quantile(quantile)
	recent := a.recent.add(a.median.add(raw))
	base := a.baseline.add(recent)
	waiting := math.Ceil(a.limit * (1 - base/recent)) // of those that run, how many only wait, as Vegas counts them
	done, variation := a.done.add(at, rate)
	took, _ := a.took.add(at, raw)
	step := max(1, math.Log10(a.limit))
	var next float64
	switch {
	// More at once got nothing more done, and took longer: the station is at its knee.
	case waiting > 6*step, full && (done < 0 || done < 0.3 && took > 0.5 || done < 0.5 && variation < 0.2 && took > 0.5):
		next = a.limit - step
	case waiting < 3*step:
		next = a.limit + step
	default:
		next = a.limit
	}
	if most := inflightMul * at; next > most {
		next = max(most, a.limit-step) // it has grown for nothing: go back slowly, for it may be needed again
	}
	a.set(next)
}

func (a *adaptive) set(limit float64) {
	a.limit = min(max(limit, float64(a.bounds.Min)), float64(a.bounds.Max))
}
