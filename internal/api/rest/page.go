package rest

import (
	"math"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// A span is a range of row numbers, from lo to hi, both in it; unbounded is the greatest hi. PostgREST's RangeQuery.
type span struct {
	lo, hi int64
}

const unbounded = math.MaxInt64

var everything = span{0, unbounded}

func (s span) intersect(t span) span { return span{max(s.lo, t.lo), min(s.hi, t.hi)} }
func (s span) empty() bool           { return s.hi < s.lo }

// spanOf is what limit and offset parameters ask for; nil where absent or not a number.
func spanOf(limit, offset *int64) span {
	s := everything
	if offset != nil {
		s.lo = *offset
	}
	if limit != nil {
		s.hi = saturate(s.lo, *limit)
	}
	return s
}

// saturate gives lo+n-1 without overflow.
func saturate(lo, n int64) int64 {
	if n > 0 && lo > unbounded-n {
		return unbounded
	}
	return lo + n - 1
}

// headerSpan parses a Range header: 0-9 or 10-. Anything else asks for everything.
func headerSpan(header string) span {
	from, to, found := strings.Cut(header, "-")
	if !found || !digits(from) || to != "" && !digits(to) {
		return everything
	}
	s := span{number(from), unbounded}
	if to != "" {
		s.hi = number(to)
	}
	return s
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// number reads a decimal that may be too great for an int64, and then is the greatest.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && strings.HasPrefix(s, "-") {
		return math.MinInt64 / 2
	}
	if err != nil {
		return unbounded
	}
	return n
}

// integer reads a limit or offset; nil for what is no number, which PostgREST ignores.
func integer(s string) *int64 {
	s = strings.Trim(s, " ")
	if !digits(strings.TrimPrefix(s, "-")) {
		return nil
	}
	n := number(s)
	return &n
}

// topPage combines limit, offset and the Range header of the whole list.
func topPage(limit, offset *int64, header string) (span, error) {
	if limit != nil && *limit == 0 {
		return span{0, -1}, nil
	}
	fromHeader := everything
	if header != "" {
		fromHeader = headerSpan(header)
	}
	s := fromHeader.intersect(spanOf(limit, offset))
	switch {
	case fromHeader.empty():
		return s, fault.New(fault.BadRange, "Requested range not satisfiable").
			WithDetails("The lower boundary must be lower than or equal to the upper boundary in the Range header.")
	case s.empty():
		return s, fault.New(fault.BadRange, "Requested range not satisfiable").
			WithDetails("Limit should be greater than or equal to zero.")
	}
	return s, nil
}

// embedPage is the page of an embed, whose mistakes PostgreSQL words.
func embedPage(limit, offset *int64) (span, error) {
	switch {
	case limit != nil && *limit < 0:
		return span{}, fault.New(fault.NegativeLimit, "LIMIT must not be negative")
	case offset != nil && *offset < 0:
		return span{}, fault.New(fault.NegativeOffset, "OFFSET must not be negative")
	}
	return spanOf(limit, offset), nil
}

// page writes a span as limit and offset, cut to rowsMax rows where that isn't 0.
func (s span) page(rowsMax int64) query.Page {
	if rowsMax > 0 && !s.empty() {
		s.hi = min(s.hi, saturate(s.lo, rowsMax))
	}
	var p query.Page
	if s.hi != unbounded {
		p.Limit = query.Int(max(s.hi-s.lo+1, 0))
	}
	if s.lo > 0 {
		p.Offset = query.Int(s.lo)
	}
	return p
}
