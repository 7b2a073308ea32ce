package hasura

import (
	"fmt"
	"slices"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A permission is one of the metadata while it is laid.
type permission struct {
	*table
	at    place
	role  string
	op    schema.Operation
	entry *node // what stands under permission
}

var operationWords = map[schema.Operation]string{
	schema.SelectRows: "select from", schema.InsertRows: "insert into", schema.UpdateRows: "update", schema.DeleteRows: "delete from",
}

func (p *permission) String() string {
	return fmt.Sprintf("permission of %s to %s %s", p.role, operationWords[p.op], described(p.Table))
}

// A refusal says why a permission can't be one of the file's, and where.
type refusal struct {
	at  place
	why string
}

func refused(at place, format string, args ...any) *refusal {
	return &refusal{at, fmt.Sprintf(format, args...)}
}

// permissions reads a table's permissions into policies. What can't be said exactly is left out whole and reported: a role may
// then do less than it might, never more.
func (l *layer) permissions(t *table) {
	for _, kind := range []struct {
		key string
		op  schema.Operation
	}{
		{"select_permissions", schema.SelectRows}, {"insert_permissions", schema.InsertRows},
		{"update_permissions", schema.UpdateRows}, {"delete_permissions", schema.DeleteRows},
	} {
		seen := map[string]bool{}
		for _, entry := range t.entry.objects(kind.key) {
			p := &permission{table: t, at: entry.at, role: entry.string("role"), op: kind.op, entry: entry.object("permission")}
			entry.get("comment").take() // a remark for the readers of the metadata
			if !l.mayHave(entry, p.role, p.String()) {
				continue
			}
			if seen[p.role] {
				entry.doc.wrong(entry.at, "the %s stands here twice", p)
				continue
			}
			seen[p.role] = true
			if p.entry == nil {
				entry.doc.wrong(entry.at, "the %s says nothing", p)
				continue
			}
			policy, no := l.policy(p)
			if no != nil {
				p.entry.take()
				l.report(no.at, p.String(), "left out", no.why)
				continue
			}
			t.Policies = append(t.Policies, policy)
		}
	}
}

// policy reads one permission.
func (l *layer) policy(p *permission) (*schema.Policy, *refusal) {
	out := &schema.Policy{Role: p.role, To: []schema.Operation{p.op}, Aggregate: p.entry.flag("allow_aggregations"), BackendOnly: p.entry.flag("backend_only")}
	if v := p.entry.get("validate_input"); v != nil && !v.empty() {
		return nil, refused(v.at, "it asks a service to validate what is sent, and Pintail has no such call: write a check constraint, or a hook in Go")
	}
	if no := l.policyConditions(p, out); no != nil {
		return nil, no
	}
	if p.op != schema.DeleteRows {
		var no *refusal
		if out.Columns, no = l.policyColumns(p); no != nil {
			return nil, no
		}
	}
	if no := l.presets(p, out); no != nil {
		return nil, no
	}
	if p.entry.get("limit") != nil {
		n, ok := p.entry.whole("limit")
		if ok && n < 1 {
			return nil, refused(p.entry.get("limit").at, "its limit is %d, and a limit is 1 or more", n)
		}
		out.Limit = &n
	}
	if v := p.entry.get("computed_fields"); v != nil && !v.empty() {
		l.report(v.at, p.String(), "computed_fields "+v.json()+" are left out", "a policy opens columns; the right to CALL the function would open it for any row")
		v.take()
	}
	var no *refusal
	if out.QueryRoots, no = l.openRoots(p, "query_root_fields", schema.SelectRoot, schema.SelectByPKRoot, schema.SelectAggregateRoot); no != nil {
		return nil, no
	}
	out.SubscriptionRoots, no = l.openRoots(p, "subscription_root_fields", schema.SelectRoot, schema.SelectByPKRoot, schema.SelectAggregateRoot, schema.SelectStreamRoot)
	return out, no
}

// policyConditions reads filter and check. Hasura checks nothing after an update that has no check, which is {} here.
func (l *layer) policyConditions(p *permission, out *schema.Policy) *refusal {
	filter, check := p.entry.get("filter"), p.entry.get("check")
	if p.op != schema.InsertRows {
		if filter == nil {
			return refused(p.at, "it has no filter, so it doesn't say which rows")
		}
		where, no := l.condition(p.Table, filter)
		if no != nil {
			return no
		}
		if where != query.Const(true) {
			out.Where = where
		}
	}
	switch {
	case p.op == schema.InsertRows && check == nil:
		return refused(p.at, "it has no check, so it doesn't say which rows")
	case check != nil && (p.op == schema.InsertRows || p.op == schema.UpdateRows):
		var no *refusal
		out.Check, no = l.condition(p.Table, check)
		return no
	case p.op == schema.UpdateRows && out.Where != nil:
		out.Check = query.Const(true)
	}
	return nil
}

// policyColumns reads columns: a list, or "*" for all, which is nil. Without columns an insert may set all, all else none.
func (l *layer) policyColumns(p *permission) ([]*schema.Column, *refusal) {
	v := p.entry.get("columns")
	switch {
	case v == nil && p.op == schema.InsertRows, v != nil && v.kind == aText && v.text == "*":
		return nil, nil
	case v != nil && v.kind != aList:
		v.doc.wrong(v.at, `columns should be a list, or "*"`)
		return nil, nil
	}
	out := []*schema.Column{}
	for i, name := range p.entry.strings("columns") {
		c, ok := p.Column(name)
		switch {
		case !ok:
			l.report(v.items[min(i, len(v.items)-1)].at, p.String(), "its column "+name+" is left out", "the database has no such column")
		case !slices.Contains(out, c):
			out = append(out, c)
		}
	}
	return out, nil
}

// presets reads set.
func (l *layer) presets(p *permission, out *schema.Policy) *refusal {
	set := p.entry.object("set")
	if set == nil {
		return nil
	}
	for _, f := range set.take().fields {
		c, ok := p.Column(f.key)
		if !ok {
			return refused(f.at, "it sets the column %s, which isn't in the database", f.key)
		}
		v, no := l.value(c, f.value)
		if no != nil {
			return no
		}
		if v.IsList || !l.s.PolicyExpressible(p.Table, &query.Compare{Field: query.Field{Column: c.Name}, Op: query.IsDistinct, Value: v}) {
			return refused(f.value.at, "it sets %s to %s, which the file can't say of %s", f.key, f.value.json(), c.Type)
		}
		out.Set = append(out.Set, schema.Preset{Column: c, Value: v})
	}
	return nil
}

// openRoots reads query_root_fields or subscription_root_fields; nil is all.
func (l *layer) openRoots(p *permission, key string, known ...schema.RootKind) ([]schema.RootKind, *refusal) {
	v := p.entry.get(key)
	if v == nil || !v.is(aList, key) {
		return nil, nil
	}
	if p.op != schema.SelectRows {
		return nil, refused(v.at, "%s is about selecting", key)
	}
	out := []schema.RootKind{}
	for _, name := range p.entry.strings(key) {
		kind := schema.RootKind(name)
		if !slices.Contains(known, kind) {
			return nil, refused(v.at, "%s names %q, which is no root field that Pintail knows", key, name)
		}
		if !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out, nil
}
