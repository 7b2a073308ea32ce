package sqlite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A binding is what a statement's parameters are filled from.
type binding struct {
	args query.Args
	keys []byte // JSON array of what a write touched
	call *plan.Invocation
}

// bind fills a statement's parameters. What doesn't parse is PostgreSQL's fault.
func (c *conn) bind(st *stmt, binds []litesql.Bind, b *binding) error {
	for i := range binds {
		if err := c.bindOne(st, i+1, &binds[i], b); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) bindOne(st *stmt, at int, d *litesql.Bind, b *binding) error {
	switch d.As {
	case litesql.Spec:
		return nil // since it was prepared
	case litesql.Keys:
		return st.BindText(at, string(b.keys))
	case litesql.Argument:
		return bindArgument(st, at, d.Arg, b)
	}
	if d.Arg < 0 || d.Arg >= len(b.args) {
		return fmt.Errorf("sqlite: the plan asks for argument %d of %d", d.Arg, len(b.args))
	}
	arg := &b.args[d.Arg]
	switch d.As {
	case litesql.Value:
		if arg.Null {
			return st.BindNull(at)
		}
		v, err := value.ParseOperand(d.Type, arg.Text, c.zone)
		if err != nil {
			return err
		}
		return bindValue(st, at, v, d.Type, d.Storage)
	case litesql.Rank:
		if arg.Null {
			return st.BindNull(at)
		}
		if _, err := value.ParseOperand(d.Type, arg.Text, c.zone); err != nil {
			return err
		}
		return st.BindInt(at, rank(d.Type.Enum, arg.Text))
	case litesql.List, litesql.Ranks, litesql.HexList:
		list, err := c.listOf(d, arg)
		if err != nil {
			return err
		}
		return st.BindText(at, string(list))
	case litesql.Number:
		n, err := strconv.ParseInt(arg.Text, 10, 64)
		if err != nil || n < 0 {
			return fault.Newf(fault.InvalidText, `invalid input syntax for type bigint: "%s"`, arg.Text)
		}
		return st.BindInt64(at, n)
	case litesql.Key:
		return st.BindText(at, arg.Text)
	case litesql.Index:
		n, err := strconv.ParseInt(arg.Text, 10, 32)
		if err != nil {
			return st.BindText(at, arg.Text)
		}
		return st.BindInt64(at, n)
	case litesql.Matcher:
		m, err := newMatcher(d.Op, d.Any, arg)
		if err != nil {
			return err
		}
		return st.BindPointer(at, m)
	case litesql.Alterer:
		a, err := c.newAlterer(d, arg)
		if err != nil {
			return err
		}
		return st.BindPointer(at, a)
	case litesql.Tester:
		t, err := newTester(d, arg)
		if err != nil {
			return err
		}
		return st.BindPointer(at, t)
	}
	panic("sqlite: unknown way to bind")
}

// listOf writes a list of values as the JSON array that json_each takes apart again.
func (c *conn) listOf(d *litesql.Bind, arg *query.Value) ([]byte, error) {
	out := append(make([]byte, 0, 16+8*len(arg.List)), '[')
	for i, s := range arg.List {
		if i > 0 {
			out = append(out, ',')
		}
		v, err := value.ParseOperand(d.Type, s, c.zone)
		if err != nil {
			return nil, err
		}
		switch d.As {
		case litesql.Ranks:
			out = strconv.AppendInt(out, int64(rank(d.Type.Enum, s)), 10)
			continue
		case litesql.HexList:
			raw, _ := v.([]byte)
			out = fmt.Appendf(out, `"%X"`, raw)
			continue
		}
		switch v := stored(v, d.Type, d.Storage).(type) {
		case nil:
			out = append(out, "null"...)
		case int64:
			out = strconv.AppendInt(out, v, 10)
		case float64:
			out = strconv.AppendFloat(out, v, 'g', 17, 64)
		case string:
			out = value.AppendJSONString(out, v)
		case []byte:
			out = value.AppendJSONString(out, v)
		}
	}
	return append(out, ']'), nil
}

// bindValue binds a value of package value's in the form that a column of that type and storage holds.
func bindValue(st *stmt, at int, v any, t schema.Type, how schema.Storage) error {
	return BindStored(st.Stmt, at, stored(v, t, how))
}

// rank is a label's place in its enum's declaration.
func rank(e *schema.Enum, label string) int {
	if e != nil {
		for i := range e.Values {
			if e.Values[i].Value == label {
				return i
			}
		}
	}
	return -1
}

// bindCall binds all parameters of a named query's own text by their names.
func (c *conn) bindCall(st *stmt, b *binding) error {
	for i := range b.call.Function.Args {
		at := st.BindIndex(":" + b.call.Function.Args[i].Name)
		if at == 0 {
			continue
		}
		if err := bindArgument(st, at, i, b); err != nil {
			return err
		}
	}
	return nil
}

// bindArgument binds parameter i of the called query.
func bindArgument(st *stmt, at, i int, b *binding) error {
	p := &b.call.Function.Args[i]
	if !b.call.Object && b.call.Body >= 0 {
		v, err := value.Parse(p.Type, b.args[b.call.Body].Text)
		if err != nil {
			return err
		}
		return bindValue(st, at, v, p.Type, schema.OwnStorage)
	}
	given := slices.IndexFunc(b.call.Args, func(a plan.CallArg) bool { return a.Param == p })
	if given < 0 {
		return bindDefault(st, at, p)
	}
	v, err := callValue(&b.call.Args[given], b)
	if err != nil {
		return err
	}
	return bindValue(st, at, v, p.Type, schema.OwnStorage)
}

// bindDefault gives a parameter the value that it has where none comes.
func bindDefault(st *stmt, at int, a *schema.Arg) error {
	if a.Default == nil {
		return st.BindNull(at)
	}
	v, err := value.Parse(a.Type, *a.Default)
	if err != nil {
		return err
	}
	return bindValue(st, at, v, a.Type, schema.OwnStorage)
}

func callValue(a *plan.CallArg, b *binding) (any, error) {
	if b.call.Object && b.call.Body >= 0 {
		object, err := b.call.Given(b.args)
		if err != nil {
			return nil, fault.New(fault.BadBody, "Empty or invalid json").WithCause(err)
		}
		raw, ok := object[a.Param.Name]
		if !ok {
			return nil, nil
		}
		return value.FromJSON(a.Param.Type, a.Param.Name, raw)
	}
	if len(a.Values) == 0 {
		return nil, nil
	}
	if a.Param.Variadic || len(a.Values) > 1 {
		var texts []string
		for _, i := range a.Values {
			texts = append(texts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(b.args[i].Text)+`"`)
		}
		t := a.Param.Type
		t.Array = true
		return value.Parse(t, "{"+strings.Join(texts, ",")+"}")
	}
	arg := b.args[a.Values[0]]
	if arg.Null {
		return nil, nil
	}
	return value.Parse(a.Param.Type, arg.Text)
}
