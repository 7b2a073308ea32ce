package rest

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

// params reads the query string: first select, since everything else may name an embed, then all others in their order.
func (p *reader) params(raw string, buf []param) error {
	list, err := splitQuery(raw, p.limits.ParamsMax, buf)
	if err != nil {
		return err
	}
	if err := p.selection(list); err != nil {
		return err
	}
	seen := [...]bool{isColumns: false, isConflict: false}
	for i := range list {
		switch q := &list[i]; q.kind {
		case isSelect:
		case isColumns, isConflict:
			if seen[q.kind] {
				continue // of a repeated parameter the first holds
			}
			seen[q.kind] = true
			err = p.names(q)
		case isOrder:
			err = p.orderParam(q)
		case isLimit, isOffset:
			err = p.pageParam(q)
		case isLogic:
			err = p.logicParam(q)
		default:
			err = p.filterParam(q)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// selection reads the select parameter; without one, or with an empty one, all columns are wanted.
func (p *reader) selection(list []param) error {
	p.rows = &query.Select{}
	for i := range list {
		if list[i].kind != isSelect {
			continue
		}
		c := scanner{s: list[i].value}
		items, ok, err := p.items(&c, 0)
		if err == nil && !ok {
			err = p.why(whySelect, list[i].value)
		}
		if err != nil {
			return err
		}
		p.rows.Items = items
		break
	}
	if len(p.rows.Items) == 0 {
		p.rows.Items = []query.Item{&query.Output{Star: true}}
	}
	return nil
}

func (p *reader) names(q *param) error {
	c := scanner{s: q.value}
	list, ok := c.names()
	switch {
	case !ok && q.kind == isColumns:
		return p.why(whyColumns, q.value)
	case !ok:
		return p.why(whyConflict, q.value)
	case q.kind == isConflict:
		p.conflict = list
	default:
		slices.Sort(list)
		p.columns = slices.Compact(list)
	}
	return nil
}

// treePath is a.b.column->path: the embeds that lead to a field.
func (p *reader) treePath(key string) (embeds []string, f query.Field, err error) {
	c := scanner{s: key}
	for {
		name, ok := c.name()
		if !ok {
			return nil, f, p.why(whyTreePath, key)
		}
		if !c.take('.') {
			f.Column = name
			break
		}
		embeds = append(embeds, name)
	}
	if c.peek() == '-' {
		var ok bool
		if f.Path, ok = c.path(); !ok {
			return nil, f, p.why(whyTreePath, key)
		}
	}
	return embeds, f, nil
}

// find follows a path of embeds from the rows that come back.
func (p *reader) find(embeds []string) (*query.Select, error) {
	sel := p.rows
	for _, name := range embeds {
		next := embedded(sel, name)
		if next == nil {
			return nil, fault.New(fault.NotEmbedded, "'"+name+"' is not an embedded resource in this request").
				WithHint("%s", "Verify that '"+name+"' is included in the 'select' query parameter.")
		}
		sel = next
	}
	return sel, nil
}

func (p *reader) filterParam(q *param) error {
	embeds, f, err := p.treePath(q.key)
	if err != nil {
		return err
	}
	sel, missing := p.find(embeds)
	names := sel
	if p.writes && len(embeds) == 0 {
		names = nil // which rows are written doesn't hang on what is embedded in the answer
	}
	e, isArg, err := p.filter(f, q.value, names)
	switch {
	case err != nil:
		return err
	case isArg:
		p.args = append(p.args, query.Arg{Name: f.Column, Value: query.Text(q.value)})
		return nil
	case missing != nil:
		return missing
	case names == nil:
		p.where = both(p.where, e)
	default:
		sel.Where = both(sel.Where, e)
	}
	return nil
}

func (p *reader) logicParam(q *param) error {
	embeds, op, err := p.logicPath(q.key)
	if err != nil {
		return err
	}
	sel, missing := p.find(embeds)
	names := sel
	if p.writes && len(embeds) == 0 {
		names = nil
		p.logic = true
	}
	e, err := p.logicTree(op, q.value, names)
	switch {
	case err != nil:
		return err
	case missing != nil:
		return missing
	case names == nil:
		p.where = both(p.where, e)
	default:
		sel.Where = both(sel.Where, e)
	}
	return nil
}

// logicPath is a.b.and, in which not may stand anywhere and turns the tree round.
func (p *reader) logicPath(key string) (embeds []string, op string, err error) {
	if key == "or" || key == "and" {
		return nil, key, nil
	}
	c := scanner{s: key}
	for {
		name, ok := c.name()
		if !ok {
			return nil, "", p.why(whyLogicPath, key)
		}
		embeds = append(embeds, name)
		if !c.take('.') {
			break
		}
	}
	op = embeds[len(embeds)-1]
	if op != "and" && op != "or" {
		return nil, "", p.why(whyLogicPath, key) // quoted names with dots in them, or something behind the name
	}
	if slices.Contains(embeds, "not") {
		op = "not." + op
	}
	embeds = slices.DeleteFunc(embeds[:len(embeds)-1], func(s string) bool { return s == "not" })
	return embeds, op, nil
}

// both is true where a and b are; a is one of ours or nil.
func both(a, b query.Expr) query.Expr {
	switch and, ok := a.(*query.And); {
	case a == nil:
		return b
	case ok:
		and.Of = append(and.Of, b)
		return and
	}
	return &query.And{Of: []query.Expr{a, b}}
}

func (p *reader) orderParam(q *param) error {
	embeds, _, err := p.treePath(q.key)
	if err != nil {
		return err
	}
	list, err := p.order(q.value)
	if err != nil {
		return err
	}
	sel, err := p.find(embeds)
	if err != nil {
		return err
	}
	if sel.Order == nil { // of a repeated order the first holds
		sel.Order = list
	}
	return nil
}

// pageParam notes a limit or offset; of a repeated one the last holds. Writes have no pages.
func (p *reader) pageParam(q *param) error {
	limit, offset := &p.limit, &p.offset
	if q.key != "limit" && q.key != "offset" {
		if p.writes {
			return nil
		}
		embeds, _, err := p.treePath(q.key)
		if err != nil {
			return err
		}
		sel, err := p.find(embeds)
		if err != nil {
			return err
		}
		page := p.embedLimit(sel)
		limit, offset = &page.limit, &page.offset
	}
	if q.kind == isLimit {
		*limit = integer(q.value)
	} else {
		*offset = integer(q.value)
	}
	return nil
}

func (p *reader) embedLimit(sel *query.Select) *embedLimit {
	for i := range p.pages {
		if p.pages[i].sel == sel {
			return &p.pages[i]
		}
	}
	p.pages = append(p.pages, embedLimit{sel: sel})
	return &p.pages[len(p.pages)-1]
}

// paging sets the pages of the list and of its embeds.
func (p *reader) paging(a *Ask, r *api.Request) error {
	header := ""
	if r.Method == "GET" {
		header = r.Header("Range")
	}
	top, err := topPage(p.limit, p.offset, header)
	switch {
	case err != nil:
		return err
	case a.Kind == Put && top != everything:
		return fault.New(fault.PutLimit, "limit/offset querystring parameters are not allowed for PUT")
	case p.writes:
		return nil
	}
	a.from = top.lo
	p.rows.Page = top.page(p.o.MaxRows)
	for _, e := range p.pages {
		s, err := embedPage(e.limit, e.offset)
		if err != nil {
			return err
		}
		e.sel.Page = s.page(p.o.MaxRows)
	}
	if p.o.MaxRows > 0 {
		capEmbeds(p.rows, p.o.MaxRows)
	}
	return nil
}

// capEmbeds gives the embeds that have no limit yet rest.max_rows.
func capEmbeds(sel *query.Select, rowsMax int64) {
	for _, item := range sel.Items {
		if e, ok := item.(*query.Embed); ok {
			if e.Select.Page.Limit == nil {
				e.Select.Page.Limit = query.Int(rowsMax)
			}
			capEmbeds(e.Select, rowsMax)
		}
	}
}

// build makes the query of what was read, with the body where there is one.
func (p *reader) build(a *Ask, r *api.Request) error {
	of := a.media
	if of.kind == mediaPlan {
		of = of.plan.of
	}
	single := of.kind == mediaObject
	form := query.Form{StripNulls: of.strip, CSV: of.kind == mediaCSV && a.own == "", GeoJSON: of.kind == mediaGeo && a.own == "", Media: a.own}
	a.conflict = p.conflict != nil
	if a.Kind == Read {
		p.rows.From = a.Name
		p.rows.Count = a.prefer.countMode()
		form.Omit = a.Head
		p.rows.Form = form
		a.Query = p.rows
		return nil
	}
	end := query.End{Rollback: a.prefer.rollsBack(p.o.TxEnd), Single: single}
	if a.prefer.strict() && a.Kind != Insert && a.Kind != Put {
		end.MaxAffected = a.prefer.maxAffected
	}
	if a.Kind == Call {
		p.rows.Count = a.prefer.countMode()
		form.Omit = a.Head
		p.rows.Form = form
		call := &query.Call{Function: a.Name, Args: p.args, ReadOnly: r.Method != "POST", Result: p.rows, End: end}
		a.Query = call
		if call.ReadOnly {
			return nil
		}
		body, err := readBody(r)
		if err != nil {
			return err
		}
		return p.parseCall(call, contentType(r), body, p.columns)
	}
	var returning *query.Select
	if a.prefer.returns == returnAll {
		returning = p.rows
		returning.Form = form
	}
	if a.Kind == Delete {
		a.Query = &query.Delete{From: a.Name, Where: p.where, Returning: returning, End: end}
		return nil
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	columns := p.columns
	if a.Kind == Put {
		columns = nil // PUT sets whole rows
	}
	rows, err := p.parseRows(contentType(r), body, columns)
	if err != nil {
		return err
	}
	useDefault := a.prefer.missing == missingDefault
	var nested []query.Nested
	if a.Kind == Insert {
		if rows, nested, err = p.nestedRows(a.Name, rows, 0); err != nil {
			return err
		}
		defaults(nested, useDefault)
	}
	switch a.Kind {
	case Update:
		q := &query.Update{Table: a.Name, Columns: rows.columns, Row: query.Text(rows.first), Default: useDefault, Where: p.where, Returning: returning, End: end}
		if rows.first == "" {
			q.Columns, q.Row = nil, query.Text("{}")
		}
		a.Query = q
	case Insert:
		end.Keys = a.prefer.returns == returnHeaders
		q := &query.Insert{Into: a.Name, Columns: rows.columns, Rows: query.Text(rows.json), Default: useDefault, Nested: nested, Returning: returning, End: end}
		if a.prefer.resolution != "" {
			q.Conflict = &query.Conflict{Columns: p.conflict, Ignore: a.prefer.resolution == ignoreDuplicates}
		}
		a.Query = q
	case Put:
		if p.logic || !isKeyFilter(p.where) {
			return fault.New(fault.PutFilters, "Filters must include all and only primary key columns with 'eq' operators")
		}
		a.Query = &query.Insert{Into: a.Name, Columns: rows.columns, Rows: query.Text(rows.json), Conflict: &query.Conflict{}, Put: p.where, Returning: returning, End: end}
	}
	return nil
}

// isKeyFilter says whether e compares plain columns with eq and does nothing else; which columns, the plan checks.
func isKeyFilter(e query.Expr) bool {
	switch e := e.(type) {
	case *query.Compare:
		return e.Op == query.Eq && e.Any == query.One && len(e.Field.Path) == 0
	case *query.And:
		return !slices.ContainsFunc(e.Of, func(of query.Expr) bool {
			_, plain := of.(*query.Compare)
			return !plain || !isKeyFilter(of)
		})
	}
	return false
}
