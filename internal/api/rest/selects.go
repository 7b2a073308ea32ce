package rest

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// items parses the select parameter: columns and embeds, separated by commas, up to the end or a closing parenthesis.
func (p *reader) items(c *scanner, depth int) ([]query.Item, bool, error) {
	if c.space(); c.done() || c.peek() == ')' {
		return nil, true, nil
	}
	list := make([]query.Item, 0, 4)
	for {
		item, ok, err := p.item(c, depth)
		if !ok || err != nil {
			return nil, ok, err
		}
		list = append(list, item)
		c.space()
		if !c.take(',') {
			return valuesFirst(list), true, nil
		}
	}
}

// valuesFirst puts values before embeds, as PostgREST writes them.
func valuesFirst(list []query.Item) []query.Item {
	slices.SortStableFunc(list, func(a, b query.Item) int {
		_, x := a.(*query.Embed)
		_, y := b.(*query.Embed)
		switch {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	})
	return list
}

func (p *reader) item(c *scanner, depth int) (query.Item, bool, error) {
	c.space()
	start := c.i
	if p.selected++; p.selected > p.limits.ItemsMax {
		return nil, true, tooManyItems(p.limits.ItemsMax)
	}
	if embed, ok := c.embedHead(); ok {
		if depth++; depth > p.limits.EmbedDepthMax {
			return nil, true, tooDeepEmbeds(p.limits.EmbedDepthMax)
		}
		c.i++ // the parenthesis
		items, ok, err := p.items(c, depth)
		if !ok || err != nil {
			return nil, ok, err
		}
		embed.Select = &query.Select{Items: items}
		return embed, c.take(')'), nil
	}
	c.i = start
	if c.word("...") {
		return nil, false, nil
	}
	out, ok := c.output()
	if !ok {
		return nil, false, nil
	}
	return out, true, p.checkPath(out.Field)
}

// embedHead is [alias:]relation or ...relation, with up to two of !hint, !inner and !left, before a parenthesis.
func (c *scanner) embedHead() (*query.Embed, bool) {
	e := &query.Embed{Spread: c.word("...")}
	var ok bool
	if e.Target, ok = c.name(); !ok {
		return nil, false
	}
	if !e.Spread && c.peek() == ':' && !strings.HasPrefix(c.s[c.i:], "::") {
		c.i++
		e.Alias = e.Target
		if e.Target, ok = c.name(); !ok {
			return nil, false
		}
	}
	if e.Target == "count" && !e.Spread {
		return nil, false // count() is an aggregate
	}
	for range 2 {
		if !c.take('!') {
			break
		}
		switch {
		case c.word("left"):
			setFirst(&e.Join, query.JoinLeft)
		case c.word("inner"):
			setFirst(&e.Join, query.JoinInner)
		default:
			hint, ok := c.name()
			if !ok {
				return nil, false
			}
			setFirst(&e.Hint, hint)
		}
	}
	return e, c.peek() == '('
}

func setFirst[T ~string](p *T, v T) {
	if *p == "" {
		*p = v
	}
}

// output is *, or [alias:]count()[::cast], or [alias:]column[path][::cast][.aggregate()][::cast].
func (c *scanner) output() (*query.Output, bool) {
	start := c.i
	if c.take('*') {
		if c.itemEnds() {
			return &query.Output{Star: true}, true
		}
		c.i = start
	}
	out := &query.Output{}
	if alias, ok := c.name(); ok && c.peek() == ':' && !strings.HasPrefix(c.s[c.i:], "::") {
		c.i++
		out.Alias = alias
	} else {
		c.i = start
	}
	fieldAt := c.i
	if c.word("count()") && c.cast(&out.AggregateCast) && c.itemEnds() {
		out.Aggregate = query.Count
		return out, true
	}
	c.i, out.AggregateCast = fieldAt, ""
	var ok bool
	if out.Field, ok = c.field(); !ok || !c.cast(&out.Cast) {
		return nil, false
	}
	if c.peek() == '.' {
		for _, agg := range [...]query.Aggregate{query.Sum, query.Avg, query.Count, query.Max, query.Min} {
			if c.word("." + string(agg) + "()") {
				out.Aggregate = agg
				break
			}
		}
	}
	if !c.cast(&out.AggregateCast) {
		return nil, false
	}
	if out.Aggregate == "" && out.AggregateCast != "" {
		// col::a::b, which the grammar allows: the second cast is an aggregate's, and without one PostgREST drops it
		out.AggregateCast = ""
	}
	return out, c.itemEnds()
}

// cast is nothing, or :: and a type's name.
func (c *scanner) cast(into *string) bool {
	if !c.word("::") {
		return true
	}
	name, ok := c.identifier()
	*into = name
	return ok
}

func (c *scanner) itemEnds() bool { return c.done() || c.peek() == ',' || c.peek() == ')' }

// embedded finds the embed that a path's step names, by its alias or its target, in the order of select.
func embedded(sel *query.Select, name string) *query.Select {
	for _, item := range sel.Items {
		if e, ok := item.(*query.Embed); ok && (e.Alias == name || e.Target == name) {
			return e.Select
		}
	}
	return nil
}

// embedKeyed says whether an embed of sel has this key in the answer.
func embedKeyed(sel *query.Select, key string) bool {
	for _, item := range sel.Items {
		if e, ok := item.(*query.Embed); ok && (e.Alias == key || e.Alias == "" && e.Target == key) {
			return true
		}
	}
	return false
}
