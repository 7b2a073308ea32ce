package rehearse

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A domain is the values that a column of the shadow may have, in order: value n of size many. Which of them stands in which row is
// the generator's business. Values are in package value's canonical forms.
type domain struct {
	t      schema.Type
	size   int64    // number of values
	low    *float64 // numbers: the least that checks allow, and the greatest; nil for none
	high   *float64
	labels []string // the only values, where a check or an enum lists them
	length lengths  // of texts, in characters
	halves halves   // of texts
	key    draw
}

// lengths says how long texts are.
type lengths struct{ least, mean, most int }

// spans is the time that dates and moments of a column lie in, up to the day on which the design's shop closes. It is fixed, so that the
// same capture makes the same rows.
var (
	spanFrom = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	spanTo   = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// domainOf gives the domain of a column with size values. reason is why there is none.
func domainOf(c *schema.Column, size int64, l lengths, key draw) (d domain, reason string) {
	d = domain{t: c.Type, size: max(size, 1), length: l, key: key}
	base := c.Type.Kind()
	if base == schema.EnumBase {
		e := c.Type.WithoutDomains().Enum
		if e == nil || len(e.Values) == 0 {
			return d, "its enum has no values"
		}
		for _, v := range e.Values {
			d.labels = append(d.labels, v.Value)
		}
	}
	d.checks(c)
	if d.labels != nil {
		d.size = min(d.size, int64(len(d.labels)))
	}
	d.size = min(d.size, d.room(base))
	if d.low != nil && d.high != nil && *d.low > *d.high {
		return d, "its checks leave no value"
	}
	if base == schema.Unknown || base == schema.CompositeBase {
		return d, "its type " + c.Type.String() + " is one whose values can't be made up"
	}
	if c.Type.Domain != nil && len(c.Type.Domain.Checks) > 0 {
		return d, "its domain " + c.Type.Domain.Name.String() + " has checks of its own"
	}
	return d, ""
}

// room is how many values a type has at most, as far as that is few.
func (d *domain) room(base schema.Base) int64 {
	width := int64(math.MaxInt64)
	switch base {
	case schema.Bool:
		return 2
	case schema.Int2:
		width = 32_000
	case schema.Int4:
		width = 2_000_000_000
	case schema.Date:
		width = int64(spanTo.Sub(spanFrom).Hours() / 24)
	case schema.Time, schema.TimeTZ:
		width = 86_400_000
	case schema.Numeric:
		if digits, _, ok := precision(d.t.Modifier); ok {
			width = int64(math.Pow10(min(digits, 15))) - 1
		}
	case schema.Text:
		if most := d.mostLetters(); most < 10 {
			width = int64(math.Pow(26, float64(most)))
		}
	}
	if d.low != nil && d.high != nil {
		step := d.step(base)
		width = min(width, int64((*d.high-*d.low)/step)+1)
	}
	return max(width, 1)
}

// mostLetters is the length that varchar(n) and char(n) allow.
func (d *domain) mostLetters() int {
	if n, err := strconv.Atoi(strings.Trim(d.t.Modifier, "()")); err == nil && n > 0 {
		return n
	}
	return math.MaxInt32
}

// precision reads (p,s).
func precision(modifier string) (digits, scale int, ok bool) {
	parts := strings.Split(strings.Trim(modifier, "()"), ",")
	digits, err := strconv.Atoi(strings.TrimSpace(parts[0]))
	if err != nil {
		return 0, 0, false
	}
	if len(parts) > 1 {
		scale, err = strconv.Atoi(strings.TrimSpace(parts[1]))
	}
	return digits, scale, err == nil
}

// step is the distance between two neighbouring numbers.
func (d *domain) step(base schema.Base) float64 {
	if base == schema.Numeric {
		if _, scale, ok := precision(d.t.Modifier); ok {
			return math.Pow10(-scale)
		}
		return 0.01
	}
	if base == schema.Float4 || base == schema.Float8 {
		return 0.25
	}
	return 1
}

// checks takes from a table's checks what bounds one column by constants.
func (d *domain) checks(c *schema.Column) {
	for _, k := range c.Table.Checks {
		d.expr(c, k.Where)
	}
}

func (d *domain) expr(c *schema.Column, e query.Expr) {
	switch e := e.(type) {
	case *query.And:
		for _, of := range e.Of {
			d.expr(c, of)
		}
	case *query.Or: // the first way to satisfy it is one
		if len(e.Of) > 0 && onlyOf(c, e) {
			d.expr(c, lastNotNull(e.Of))
		}
	case *query.Compare:
		if e.Field.Column != c.Name || len(e.Field.Path) > 0 || e.Other != "" || e.AsText {
			return
		}
		d.compare(e)
	}
}

// onlyOf says whether an expression is about one column alone.
func onlyOf(c *schema.Column, e *query.Or) bool {
	for _, of := range e.Of {
		k, ok := of.(*query.Compare)
		if !ok || k.Field.Column != c.Name {
			return false
		}
	}
	return true
}

// lastNotNull is the alternative that is no test for null.
func lastNotNull(of []query.Expr) query.Expr {
	for _, e := range of {
		if k, ok := e.(*query.Compare); ok && k.Op != query.Is {
			return e
		}
	}
	return of[0]
}

func (d *domain) compare(e *query.Compare) {
	switch e.Op {
	case query.In:
		d.labels = e.Value.List
		return
	case query.Eq:
		d.labels = []string{e.Value.Text}
		return
	}
	n, err := strconv.ParseFloat(e.Value.Text, 64)
	if err != nil {
		return
	}
	step := d.step(d.t.Kind())
	switch e.Op {
	case query.Gt:
		d.raise(n + step)
	case query.Gte:
		d.raise(n)
	case query.Lt:
		d.lower(n - step)
	case query.Lte:
		d.lower(n)
	}
}

func (d *domain) raise(n float64) {
	if d.low == nil || n > *d.low {
		d.low = &n
	}
}

func (d *domain) lower(n float64) {
	if d.high == nil || n < *d.high {
		d.high = &n
	}
}

// at is value n in order, 0 ≤ n < size.
func (d *domain) at(n int64) any {
	n = min(max(n, 0), d.size-1)
	if d.labels != nil {
		v, err := value.Parse(plainType(d.t), d.labels[n%int64(len(d.labels))])
		if err != nil {
			return d.labels[n%int64(len(d.labels))]
		}
		return d.wrap(v)
	}
	return d.wrap(d.one(n))
}

// plainType is a type without its domain and list.
func plainType(t schema.Type) schema.Type {
	t = t.WithoutDomains()
	t.Array = false
	return t
}

// wrap makes a list of one value, where the column holds lists.
func (d *domain) wrap(v any) any {
	if d.t.Array || d.t.Domain != nil && d.t.Domain.Base.Array {
		return []any{v}
	}
	return v
}

func (d *domain) one(n int64) any {
	switch d.t.Kind() {
	case schema.Bool:
		return n > 0
	case schema.Int2, schema.Int4, schema.Int8:
		return int64(d.number(n, 1))
	case schema.Float4, schema.Float8:
		return d.number(n, 0.25)
	case schema.Numeric:
		return d.decimal(n)
	case schema.UUID:
		return d.uuid(n)
	case schema.Date:
		return d.moment(n).Format(time.DateOnly)
	case schema.Time:
		return time.UnixMilli(n * 86_400_000 / d.size).UTC().Format("15:04:05.999")
	case schema.TimeTZ:
		return time.UnixMilli(n*86_400_000/d.size).UTC().Format("15:04:05.999") + "+00"
	case schema.Timestamp:
		return d.moment(n).Format("2006-01-02T15:04:05.999999")
	case schema.TimestampTZ:
		return d.moment(n).Format("2006-01-02T15:04:05.999999") + "+00:00"
	case schema.Interval:
		return fmt.Sprintf("%02d:%02d:%02d", n/3600%100_000, n/60%60, n%60)
	case schema.JSON, schema.JSONB:
		return `{"` + documentKey + `": ` + strconv.FormatInt(n, 10) + `, "` + fewKey + `": ` + strconv.FormatInt(n%fewNumbers, 10) + `, "text": "` + d.text(n) + `"}`
	case schema.Bytea:
		return []byte(d.text(n))
	}
	return d.text(n)
}

// number is the nth number from the least one on, or down from the greatest.
func (d *domain) number(n int64, step float64) float64 {
	switch {
	case d.low != nil:
		return *d.low + float64(n)*step
	case d.high != nil:
		return *d.high - float64(d.size-1-n)*step
	}
	return 1 + float64(n)*step
}

func (d *domain) decimal(n int64) string {
	_, scale, ok := precision(d.t.Modifier)
	if !ok {
		scale = 2
	}
	scale = min(max(scale, 0), 15)
	unit := math.Pow10(scale)
	at := n + 1
	switch {
	case d.low != nil:
		at = n + int64(math.Ceil(*d.low*unit-1e-9))
	case d.high != nil:
		at = n - (d.size - 1) + int64(math.Floor(*d.high*unit+1e-9))
	}
	if scale == 0 {
		return strconv.FormatInt(at, 10)
	}
	sign := ""
	if at < 0 {
		sign, at = "-", -at
	}
	digits := strconv.FormatInt(at, 10)
	if short := scale + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// moment spreads the values over the span.
func (d *domain) moment(n int64) time.Time {
	span := spanTo.Sub(spanFrom) / time.Microsecond
	at := new(big.Int).Mul(big.NewInt(int64(span)), big.NewInt(n))
	at.Quo(at, big.NewInt(d.size))
	return spanFrom.Add(time.Duration(at.Int64()) * time.Microsecond)
}

// uuid rises with n; its lower half is drawn.
func (d *domain) uuid(n int64) string {
	hi := uint64(float64(n) / float64(d.size) * (1 << 48))
	lo, tail := d.key.at(uint64(n)), uint64(n)
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", hi>>16, hi&0xffff, lo&0xfff, lo>>12&0xfff, (lo>>24^tail)&0xffff_0000_0000|tail&0xffff_ffff)
}

// words fill texts up to their length.
const words = "lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam nonumy eirmod tempor invidunt ut labore et dolore magna aliquyam erat "

// text begins with letters that rise with n, and goes on with words up to a length that is n's own.
func (d *domain) text(n int64) string {
	most := d.mostLetters()
	head := d.headText(n)
	width := len(head)
	want := d.length.mean
	if spread := d.length.most - d.length.least; spread > 0 {
		// A triangle around the mean is near enough: work counts rows, and pages only by their mean.
		u := d.key.unit(uint64(n)<<1 | 1)
		if u < 0.5 {
			want = d.length.least + int(float64(d.length.mean-d.length.least)*math.Sqrt(2*u))
		} else {
			want = d.length.most - int(float64(d.length.most-d.length.mean)*math.Sqrt(2*(1-u)))
		}
	}
	want = min(want, most, textMost)
	if want <= width {
		return head
	}
	from := int(d.key.below(uint64(n), int64(len(words))))
	var b strings.Builder
	b.Grow(want)
	b.WriteString(head)
	b.WriteByte(' ')
	for b.Len() < want {
		part := words[from:]
		b.WriteString(part[:min(len(part), want-b.Len())])
		from = 0
	}
	return strings.TrimRight(b.String()[:want], " ")
}

// documentKey and fewKey are the keys that every JSON document of the shadow has, and that paths lead to. At the latter stands one of fewNumbers
// numbers: how many there are in production nobody knows, but that a page of rows has the same.
const (
	documentKey = "n"
	fewKey      = "few"
	fewNumbers  = 16
)

// textMost is the longest text that is made up, in bytes: longer ones lie on pages of their own, which queries seldom read.
const textMost = 4000
