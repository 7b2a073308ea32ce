package rest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// What follows is as much of Haskell's Parsec as it takes to fail like it: PostgREST answers a malformed parameter with
// Parsec's own message, which names the place where the grammar got stuck and what could have stood there, and which of
// several failures that is follows from how Parsec merges them (Text.Parsec.Prim, Text.Parsec.Error). Nothing here builds a
// value, and nothing runs unless a scanner has refused the text.

// A rule tries to match at a place.
type rule func(in []rune, at int) reply

// A reply is how a rule went: where it stopped, whether it went past where it began, and what would have been expected there.
type reply struct {
	ok, consumed bool
	at           int
	err          failure
}

// A failure is a place and what is known of it.
type failure struct {
	at   int
	msgs []parsecMessage
}

type parsecMessage struct {
	kind messageKind
	text string
}

type messageKind uint8

const (
	sysUnexpected messageKind = iota
	unexpected
	expected
)

// merge keeps the failure that is further on; at one place, both.
func merge(a, b failure) failure {
	switch {
	case len(b.msgs) == 0 && len(a.msgs) > 0:
		return a
	case len(a.msgs) == 0 && len(b.msgs) > 0:
		return b
	case a.at > b.at:
		return a
	case a.at < b.at:
		return b
	}
	return failure{a.at, slices.Concat(a.msgs, b.msgs)}
}

// with replaces all messages of a kind by one.
func (f failure) with(m parsecMessage) failure {
	msgs := []parsecMessage{m}
	for _, old := range f.msgs {
		if old.kind != m.kind {
			msgs = append(msgs, old)
		}
	}
	return failure{f.at, msgs}
}

func refuse(at int, msgs ...parsecMessage) reply { return reply{at: at, err: failure{at, msgs}} }

func nothing(_ []rune, at int) reply { return reply{ok: true, at: at, err: failure{at: at}} }

// satisfy takes one character.
func satisfy(holds func(rune) bool) rule {
	return func(in []rune, at int) reply {
		if at >= len(in) {
			return refuse(at, parsecMessage{sysUnexpected, ""})
		}
		if !holds(in[at]) {
			return refuse(at, parsecMessage{sysUnexpected, showString(string(in[at]))})
		}
		return reply{true, true, at + 1, failure{at: at + 1}}
	}
}

func char(c rune) rule {
	return label(showString(string(c)), satisfy(func(r rune) bool { return r == c }))
}

func oneOf(set string) rule {
	return satisfy(func(r rune) bool { return strings.ContainsRune(set, r) })
}

func noneOf(set string) rule {
	return satisfy(func(r rune) bool { return !strings.ContainsRune(set, r) })
}

var (
	anyChar = satisfy(func(rune) bool { return true })
	letter  = label("letter", satisfy(unicode.IsLetter))
	digit   = label("digit", satisfy(func(r rune) bool { return '0' <= r && r <= '9' }))
	eof     = label("end of input", atEnd)
)

// text takes a string; a mismatch inside it is told of at its beginning.
func text(s string) rule {
	want := []rune(s)
	return func(in []rune, at int) reply {
		for i, c := range want {
			if at+i < len(in) && in[at+i] == c {
				continue
			}
			found := ""
			if at+i < len(in) {
				found = showString(string(in[at+i]))
			}
			r := refuse(at, parsecMessage{expected, showString(s)}, parsecMessage{sysUnexpected, found})
			r.consumed = i > 0
			return r
		}
		return reply{true, true, at + len(want), failure{at: at + len(want)}}
	}
}

// seq takes all of rs in order.
func seq(rs ...rule) rule {
	if len(rs) == 0 {
		return nothing
	}
	return func(in []rune, at int) reply {
		r := rs[0](in, at)
		for _, next := range rs[1:] {
			if !r.ok {
				return r
			}
			n := next(in, r.at)
			if !n.consumed {
				n.consumed = r.consumed
				n.err = merge(r.err, n.err)
			}
			r = n
		}
		return r
	}
}

// or takes the first of rs that matches; one that fails on its way settles it.
func or(rs ...rule) rule {
	return func(in []rune, at int) reply {
		r := rs[0](in, at)
		for _, next := range rs[1:] {
			if r.ok || r.consumed {
				return r
			}
			n := next(in, at)
			if !n.consumed {
				n.err = merge(r.err, n.err)
			}
			r = n
		}
		return r
	}
}

// try makes a rule that fails on its way fail as if it had not begun.
func try(p rule) rule {
	return func(in []rune, at int) reply {
		r := p(in, at)
		if !r.ok {
			r.consumed = false
		}
		return r
	}
}

// label says what a rule stands for, where it fails at once.
func label(name string, p rule) rule {
	return func(in []rune, at int) reply {
		r := p(in, at)
		if !r.consumed && (!r.ok || len(r.err.msgs) > 0) {
			r.err = r.err.with(parsecMessage{expected, name})
		}
		return r
	}
}

func many(p rule) rule {
	return func(in []rune, at int) reply {
		r := p(in, at)
		if !r.ok {
			if r.consumed {
				return r
			}
			return reply{ok: true, at: at, err: r.err}
		}
		for {
			n := p(in, r.at)
			switch {
			case n.ok:
				r = n
			case n.consumed:
				return n
			default:
				return reply{true, true, r.at, n.err}
			}
		}
	}
}

func many1(p rule) rule       { return seq(p, many(p)) }
func option(p rule) rule      { return or(p, nothing) }
func sepBy1(p, sep rule) rule { return seq(p, many(seq(sep, p))) }
func sepBy(p, sep rule) rule  { return or(sepBy1(p, sep), nothing) }

// ahead matches without taking.
func ahead(p rule) rule {
	return func(in []rune, at int) reply {
		r := p(in, at)
		if r.ok {
			return nothing(in, at)
		}
		return r
	}
}

// notFollowedBy matches where p, which takes one character, doesn't.
func notFollowedBy(p rule) rule {
	return func(in []rune, at int) reply {
		r := p(in, at)
		if r.ok {
			return refuse(r.at, parsecMessage{unexpected, showChar(in[at])})
		}
		return reply{ok: true, at: at, err: r.err}
	}
}

// atEnd is Parsec's eof, which takes no character and so fails before the one it finds.
func atEnd(in []rune, at int) reply {
	if at < len(in) {
		return refuse(at, parsecMessage{unexpected, showChar(in[at])})
	}
	return reply{ok: true, at: at, err: failure{at, []parsecMessage{{sysUnexpected, ""}}}}
}

// lazily delays building a rule, so that it can contain itself.
func lazily(p func() rule) rule {
	return func(in []rune, at int) reply { return p()(in, at) }
}

// explain gives the place where g gets stuck in s, as "(line 1, column 4)", and what Parsec says of it.
func explain(g rule, s string) (place, details string) {
	in := []rune(s)
	r := g(in, 0)
	line, column := 1, 1
	for _, c := range in[:min(r.err.at, len(in))] {
		switch c {
		case '\n':
			line, column = line+1, 1
		case '\t':
			column += 8 - (column-1)%8
		default:
			column++
		}
	}
	return fmt.Sprintf("(line %d, column %d)", line, column), describe(r.err.msgs)
}

// describe is Parsec's showErrorMessages on one line.
func describe(msgs []parsecMessage) string {
	if len(msgs) == 0 {
		return "unknown parse error"
	}
	of := func(kind messageKind) []string {
		var out []string
		for _, m := range msgs {
			if m.kind == kind && m.text != "" && !slices.Contains(out, m.text) {
				out = append(out, m.text)
			}
		}
		return out
	}
	var parts []string
	if found := of(unexpected); len(found) > 0 {
		parts = append(parts, "unexpected "+commasOr(found))
	} else if i := slices.IndexFunc(msgs, func(m parsecMessage) bool { return m.kind == sysUnexpected }); i >= 0 {
		found := msgs[i].text
		if found == "" {
			found = "end of input"
		}
		parts = append(parts, "unexpected "+found)
	}
	if want := of(expected); len(want) > 0 {
		parts = append(parts, "expecting "+commasOr(want))
	}
	return strings.Join(parts, " ")
}

func commasOr(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// showString is Haskell's show of a string: quotes, backslashes and all that isn't printable ASCII are escaped, in decimal.
func showString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	rs := []rune(s)
	for i, r := range rs {
		e := showRune(r, '"')
		b.WriteString(e)
		if len(e) > 2 && e[0] == '\\' && unicode.IsDigit(rune(e[len(e)-1])) && i+1 < len(rs) && '0' <= rs[i+1] && rs[i+1] <= '9' {
			b.WriteString(`\&`)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func showChar(r rune) string { return "'" + showRune(r, '\'') + "'" }

func showRune(r, quote rune) string {
	switch r {
	case '\\', quote:
		return `\` + string(r)
	case '\a':
		return `\a`
	case '\b':
		return `\b`
	case '\t':
		return `\t`
	case '\n':
		return `\n`
	case '\v':
		return `\v`
	case '\f':
		return `\f`
	case '\r':
		return `\r`
	case 0x7f:
		return `\DEL`
	}
	if r < ' ' {
		return `\` + [...]string{"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "a", "b", "t", "n", "v", "f", "r", "SO", "SI",
			"DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US"}[r]
	}
	if r > 0x7f {
		return fmt.Sprintf(`\%d`, r)
	}
	return string(r)
}
