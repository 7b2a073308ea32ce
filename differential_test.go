package pintail_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/schema"
)

// TestDifferential asks both engines the same random requests, reads and writes that are rolled back, most of them right
// and some of them wrong: same request, same bytes.
func TestDifferential(t *testing.T) {
	s := shoptest.Schema(t)
	options := node.Options{REST: node.RESTOptions{TxEnd: "rollback", Aggregates: true}}
	lite := node.New(s, shoptest.SQLite(t, s), auth.Open(), options)
	pg := node.New(s, shoptest.PostgreSQL(t, s), auth.Open(), options)
	count := 1500
	if os.Getenv("PINTAIL_PROVE") != "" {
		count = 100_000
	}
	good, differ := 0, 0
	for seed := range count {
		request := (&asker{rand.New(rand.NewPCG(uint64(seed), 3)), s}).request()
		one, two := answer(t, lite, request), answer(t, pg, request)
		if strings.HasPrefix(one, "2") {
			good++
		}
		if one != two && !alike(request, one, two) {
			t.Errorf("seed %d: the engines differ\n%s\n--- SQLite\n%.700s\n--- PostgreSQL\n%.700s", seed, request, one, two)
			if differ++; differ > 20 {
				t.FailNow()
			}
		}
	}
	if good < count/2 || good == count {
		t.Errorf("%d of %d requests were right: the questions are poor", good, count)
	}
}

// alike says whether two answers tell the same where engines are free: of several mistakes in one request, or several rows
// that violate a constraint, each names one. PostgreSQL doesn't look at a value of an update that no row takes, and casts
// rows that a limit or an offset passes by. A sum of floats depends on its order. docs/quirks.md has all of this.
func alike(request, one, two string) bool {
	mistake := regexp.MustCompile(`"code":"(22|23|42846)`)
	if !strings.HasPrefix(request, "GET") && strings.Contains(request, "%28") {
		return true // what is embedded in a write's answer is as it was before on PostgreSQL, and as it is after on SQLite
	}
	if mistake.MatchString(two) && strings.Contains(request, "%3A%3A") && (strings.Contains(request, "offset") || strings.Contains(request, "limit") || strings.Contains(request, "Range")) {
		return true
	}
	if floats.MatchString(request) && rounded(one) == rounded(two) {
		return true
	}
	return mistake.MatchString(one) && (mistake.MatchString(two) || noRow.MatchString(two))
}

// floats is a request for a sum or average of the one column of floats.
var floats = regexp.MustCompile(`rating\.(sum|avg)`)

// rounded is an answer without the last digits of its numbers.
func rounded(answer string) string {
	return regexp.MustCompile(`-?\d+\.\d+`).ReplaceAllStringFunc(answer, func(s string) string {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return s
		}
		return strconv.FormatFloat(f, 'g', 12, 64)
	})
}

// noRow is the answer of an update that changed nothing.
var noRow = regexp.MustCompile(`^20[04]\nContent-Range: \*/\*`)

// An asker makes requests at random from a schema.
type asker struct {
	*rand.Rand
	s *schema.Schema
}

func (a *asker) of(list ...string) string { return list[a.IntN(len(list))] }

func (a *asker) chance(n int) bool { return a.IntN(n) == 0 }

func (a *asker) request() string {
	table := a.s.Tables[a.IntN(len(a.s.Tables))]
	q := url.Values{}
	var headers []string
	add := func(h string) { headers = append(headers, h) }
	method, body := "GET", ""
	switch a.IntN(10) {
	case 0:
		method = "PATCH"
		c := a.column(table)
		body = fmt.Sprintf(`{%q: %s}`, c.Name, a.json(c))
		a.filters(q, table, 2)
	case 1:
		method = "DELETE"
		a.filters(q, table, 2)
	case 2:
		method = "POST"
		body = a.row(table)
		if a.chance(3) {
			body = "[" + body + "," + a.row(table) + "]"
		}
		if a.chance(3) {
			add("Prefer: resolution=" + a.of("merge-duplicates", "ignore-duplicates"))
		}
	default:
		a.filters(q, table, 3)
		if a.chance(3) {
			q.Set("limit", fmt.Sprint(a.IntN(20)))
		}
		if a.chance(5) {
			q.Set("offset", fmt.Sprint(a.IntN(70)))
		}
		if a.chance(8) {
			add("Range: " + a.of("0-4", "5-", "3-1", "100-200"))
		}
		if a.chance(4) {
			add("Prefer: count=exact")
		}
		if a.chance(10) {
			add("Accept: " + a.of("text/csv", "application/vnd.pgrst.object+json", "application/vnd.pgrst.array+json;nulls=stripped"))
		}
	}
	if a.chance(8) {
		add("Prefer: timezone=" + a.of("Asia/Kolkata", "America/St_Johns", "Europe/Berlin"))
	}
	if method == "GET" || a.chance(2) {
		if method != "GET" {
			add("Prefer: return=representation")
		}
		if a.chance(2) {
			q.Set("select", a.selected(table, 2))
		}
		if a.chance(3) {
			q.Set("order", a.column(table).Name+a.of("", ".desc", ".asc.nullsfirst", ".desc.nullslast"))
		}
	}
	target := "/rest/v1/" + url.PathEscape(table.Name.Name)
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	text := method + " " + target
	for _, h := range headers {
		text += "\n" + h
	}
	return text + "\n\n" + body
}

func (a *asker) column(t *schema.Table) *schema.Column { return t.Columns[a.IntN(len(t.Columns))] }

func (a *asker) filters(q url.Values, t *schema.Table, most int) {
	for range a.IntN(most + 1) {
		c := a.column(t)
		if a.chance(5) {
			d := a.column(t)
			q.Add(a.of("or", "and", "not.or"), "("+c.Name+"."+a.condition(c)+","+d.Name+"."+a.condition(d)+")")
		} else {
			q.Add(c.Name, a.condition(c))
		}
	}
}

func (a *asker) condition(c *schema.Column) string {
	not := ""
	if a.chance(5) {
		not = "not."
	}
	kind := a.IntN(9)
	if (kind == 2 || kind == 3) && c.Type.Base != schema.Text && !a.chance(10) {
		kind = 8
	}
	switch kind {
	case 0:
		if c.Type.Base == schema.Bool || a.chance(10) {
			return not + "is." + a.of("true", "false", "unknown")
		}
		return not + "is." + a.of("null", "not_null")
	case 1:
		return not + "in.(" + a.value(c) + "," + a.value(c) + ")"
	case 2:
		return not + a.of("like", "ilike") + "." + a.of("A*", "*a*", "_o%", "*é*", `*\\*`)
	case 3:
		return not + a.of("match", "imatch") + "." + a.of("^A", "a|e", "[0-9]+", "o$")
	case 4:
		return not + "isdistinct." + a.value(c)
	}
	return not + a.of("eq", "neq", "gt", "gte", "lt", "lte") + "." + a.value(c)
}

// value is mostly one that the column could have.
func (a *asker) value(c *schema.Column) string {
	if a.chance(25) {
		return a.of("", "x", "-1", "null", "é🥑", "1e3", "{}", "2026-13-01")
	}
	if c.Type.Array {
		return a.of("{}", "{gluten}", `{gluten,"milk"}`)
	}
	switch c.Type.Base {
	case schema.Bool:
		return a.of("true", "false", "t", "no")
	case schema.Int2, schema.Int4, schema.Int8:
		return fmt.Sprint(a.IntN(70))
	case schema.Numeric, schema.Float4, schema.Float8:
		return fmt.Sprintf("%.*f", a.IntN(4), a.Float64()*20)
	case schema.TimestampTZ:
		return fmt.Sprintf("2026-%02d-%02dT%02d:30:00%s", 1+a.IntN(12), 1+a.IntN(28), a.IntN(24), a.of("", "Z", "+05:30"))
	case schema.EnumBase:
		return c.Type.Enum.Values[a.IntN(len(c.Type.Enum.Values))].Value
	case schema.JSONB:
		return a.of("{}", `{"minutes": 4}`, "[1, 2.50, null]", `"x"`)
	}
	return a.of("A", "Sunrise", "open", "the corner table", "Ada", "z", "Ünï")
}

// json is a value as a body has it.
func (a *asker) json(c *schema.Column) string {
	if a.chance(12) {
		return a.of("null", "true", "1.5", `"x"`, "[]", "{}", "1e30")
	}
	v := a.value(c)
	switch c.Type.Base {
	case schema.Bool:
		return a.of("true", "false")
	case schema.Int2, schema.Int4, schema.Int8, schema.Numeric, schema.Float4, schema.Float8:
		if strings.Trim(v, "0123456789.") == "" && v != "" {
			return v
		}
	case schema.JSONB:
		return a.of("{}", `{"b": 1, "a": [true, 2.50]}`, "[1, null]", `"x"`, "1e2")
	}
	if c.Type.Array {
		return a.of("[]", `["gluten", "milk"]`, `[null]`)
	}
	return fmt.Sprintf("%q", v)
}

func (a *asker) row(t *schema.Table) string {
	var parts []string
	for _, c := range t.Columns {
		if c.Name == "id" && a.chance(4) {
			parts = append(parts, fmt.Sprintf(`"id": %d`, 1+a.IntN(3)))
		} else if c.Name == "id" {
			parts = append(parts, fmt.Sprintf(`"id": %d`, 5000+a.IntN(1000)))
		} else if c.Default != nil && c.Default.Now || !a.chance(10) { // two clocks never agree
			parts = append(parts, fmt.Sprintf("%q: %s", c.Name, a.json(c)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (a *asker) selected(t *schema.Table, depth int) string {
	if a.chance(7) {
		c := a.column(t)
		return a.of("count()", c.Name+".max()", c.Name+".count()", c.Name+".sum()", c.Name+".avg()") + "," + a.column(t).Name
	}
	var parts []string
	for range 1 + a.IntN(3) {
		c := a.column(t)
		part := c.Name
		if a.chance(8) {
			part += "::" + a.of("text", "text", "text", "varchar", "numeric", "json")
		}
		if a.chance(6) {
			part = "x" + fmt.Sprint(len(parts)) + ":" + part
		}
		parts = append(parts, part)
	}
	var relations []*schema.Relation
	for _, r := range t.Relations {
		if r.From == t && r.Name != "" {
			relations = append(relations, r)
		}
	}
	if depth > 0 && len(relations) > 0 && a.chance(2) {
		r := relations[a.IntN(len(relations))]
		parts = append(parts, a.of("", "", "...")+r.Name+a.of("", "", "!inner")+"("+a.selected(r.To, depth-1)+")")
	}
	return strings.Join(parts, ",")
}
