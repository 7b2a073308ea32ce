package migrate

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// bases are the built-in types that Pintail parses and writes itself, by pg_type.typname.
var bases = map[string]schema.Base{
	"bool": schema.Bool, "int2": schema.Int2, "int4": schema.Int4, "int8": schema.Int8, "float4": schema.Float4,
	"float8": schema.Float8, "numeric": schema.Numeric, "text": schema.Text, "varchar": schema.Text, "bpchar": schema.Text,
	"name": schema.Text, "char": schema.Text, "uuid": schema.UUID, "date": schema.Date, "time": schema.Time,
	"timetz": schema.TimeTZ, "timestamp": schema.Timestamp, "timestamptz": schema.TimestampTZ, "interval": schema.Interval,
	"json": schema.JSON, "jsonb": schema.JSONB, "bytea": schema.Bytea,
}

// typeOf gives a type by its oid. text is its format_type with modifier where it has one, else empty.
func (in *pgInspection) typeOf(oid uint32, text string) schema.Type {
	t := in.types[oid]
	if t == nil {
		return schema.Type{Name: strings.TrimSuffix(text, "[]"), Array: strings.HasSuffix(text, "[]")}
	}
	if t.Element != 0 {
		if element := in.types[t.Element]; element != nil {
			out := in.typeOf(t.Element, strings.TrimSuffix(text, "[]"))
			out.Array = true
			return out
		}
	}
	out := schema.Type{Name: t.Name, Modifier: modifier(text)}
	if t.System {
		out.Base = bases[t.Name]
		out.Name = t.Format
		if out.Modifier == "" && text != "" {
			out.Name = text // "bpchar" has no length, while a bare "character" means one
		}
		if t.Name == "interval" {
			out.Name, out.Modifier = "interval", strings.TrimPrefix(text, "interval")
		}
		if name, ok := strings.CutPrefix(out.Name, "information_schema."); ok { // the one system schema that format_type writes
			out.Schema, out.Name = "information_schema", name
		}
		return out
	}
	if n := in.schemas[t.Schema]; n != in.out.Default {
		out.Schema = n
	}
	switch {
	case t.Kind == "e":
		out.Base, out.Enum = schema.EnumBase, in.enum(t)
	case t.Kind == "d":
		out.Domain = in.domain(t)
		base := out.Domain.Base
		out.Modifier = ""
		if !base.Array {
			out.Base, out.Enum, out.Composite = base.Base, base.Enum, base.Composite
		}
	case t.Kind == "c" && t.RowKind == "c":
		out.Base, out.Composite = schema.CompositeBase, in.compositeType(t)
	case t.Kind == "c":
		out.Base = schema.CompositeBase // a table's row
	case t.Name == "citext" && t.Extension:
		out.Base = schema.Text
	}
	return out
}

// modifier is the part in parentheses of a type as format_type writes it: "(10,2)".
func modifier(text string) string {
	open := strings.IndexByte(text, '(')
	end := strings.LastIndexByte(text, ')')
	if open < 0 || end < open || strings.ContainsRune(text[:open], '"') {
		return ""
	}
	return text[open : end+1]
}

func (in *pgInspection) enum(t *catType) *schema.Enum {
	if e := in.enums[t.OID]; e != nil {
		return e
	}
	e := &schema.Enum{Name: in.name(t.Schema, t.Name), Comment: t.Comment}
	for _, v := range in.cat.enums {
		if v.Type == t.OID {
			e.Values = append(e.Values, schema.EnumValue{Value: v.Label})
		}
	}
	in.enums[t.OID] = e
	in.out.Enums = append(in.out.Enums, e)
	return e
}

func (in *pgInspection) compositeType(t *catType) *schema.Composite {
	if c := in.composite[t.OID]; c != nil {
		return c
	}
	c := &schema.Composite{Name: in.name(t.Schema, t.Name)}
	in.composite[t.OID] = c
	for _, f := range in.cat.fields {
		if f.Type == t.OID {
			c.Columns = append(c.Columns, &schema.Column{Name: f.Name, Type: in.typeOf(f.Of, f.TypeText), Position: len(c.Columns)})
		}
	}
	in.out.Composites = append(in.out.Composites, c)
	return c
}

// domain reads a domain with its representations: the implicit casts between it and json and text.
func (in *pgInspection) domain(t *catType) *schema.Domain {
	if d := in.domains[t.OID]; d != nil {
		return d
	}
	d := &schema.Domain{Name: in.name(t.Schema, t.Name), NotNull: t.NotNull, Default: t.Default}
	in.domains[t.OID] = d
	d.Base = in.typeOf(t.Base, t.BaseText)
	for _, k := range in.cat.checks {
		if k.Type == t.OID {
			d.Checks = append(d.Checks, &schema.Check{Name: k.Name, Postgres: k.Expression})
		}
	}
	for _, k := range in.cat.casts {
		switch {
		case k.Source == t.OID && in.systemType(k.Target, "json"):
			d.ToJSON = k.Function
		case k.Target == t.OID && in.systemType(k.Source, "json"):
			d.FromJSON = k.Function
		case k.Target == t.OID && in.systemType(k.Source, "text"):
			d.FromText = k.Function
		}
	}
	in.out.Domains = append(in.out.Domains, d)
	return d
}

// addTypes reads the enums, domains and composite types of the served schemas that nothing uses.
func (in *pgInspection) addTypes() {
	for i := range in.cat.types {
		t := &in.cat.types[i]
		served := slices.Contains(in.out.Exposed, in.schemas[t.Schema]) && !t.System && !t.Extension
		switch {
		case !served:
		case t.Kind == "e":
			in.enum(t)
		case t.Kind == "d":
			in.domain(t)
		case t.Kind == "c" && t.RowKind == "c":
			in.compositeType(t)
		}
	}
}

func (in *pgInspection) systemType(oid uint32, name string) bool {
	t := in.types[oid]
	return t != nil && t.System && t.Name == name
}

// addHandlers reads the aggregates of the served schemas that write a media type: of the rows of a table, or of anything. Of several
// for the same rows and media type the first one holds.
func (in *pgInspection) addHandlers() {
	for _, a := range in.cat.aggregates {
		t := in.types[a.Returns]
		if t == nil || !slices.Contains(in.out.Exposed, in.schemas[a.Schema]) {
			continue
		}
		h := &schema.Handler{Aggregate: in.name(a.Schema, a.Name), Media: in.domain(t), Of: in.tables[in.rowOID(a.Of)]}
		again := func(o *schema.Handler) bool { return o.Media == h.Media && o.Of == h.Of }
		if h.Media.IsMedia() && (h.Of != nil || in.systemType(a.Of, "anyelement")) && !slices.ContainsFunc(in.out.Handlers, again) {
			in.out.Handlers = append(in.out.Handlers, h)
		}
	}
}

// addFunctions reads the functions of the served schemas, and computed columns and relations of the search path's.
func (in *pgInspection) addFunctions() {
	for _, f := range in.cat.functions {
		name := in.schemas[f.Schema]
		served := slices.Contains(in.out.Exposed, name)
		computed := slices.Contains(in.out.SearchPath, name) && len(f.ArgTypes) == 1 && in.included[in.rowOID(f.ArgTypes[0])]
		if served || computed {
			in.out.Functions = append(in.out.Functions, in.function(f))
		}
	}
}

func (in *pgInspection) rowOID(t uint32) uint32 {
	if r := in.rowTypes[t]; r != nil {
		return r.OID
	}
	return 0
}

func (in *pgInspection) function(f catFunction) *schema.Function {
	out := &schema.Function{
		Name: in.name(f.Schema, f.Name), Comment: f.Comment, Volatile: f.Volatile == "v", Stable: f.Volatile == "s",
		Variadic: f.Variadic, Postgres: strings.TrimSpace(f.Definition),
	}
	inputs := 0
	for _, m := range f.ArgModes {
		if m == "i" || m == "b" || m == "v" {
			inputs++
		}
	}
	if len(f.ArgModes) == 0 {
		inputs = len(f.ArgTypes)
	}
	for i, t := range f.ArgTypes {
		mode, name := "i", ""
		if len(f.ArgModes) > 0 {
			mode = f.ArgModes[i]
		}
		if i < len(f.ArgNames) {
			name = f.ArgNames[i]
		}
		if mode == "i" || mode == "b" || mode == "v" {
			out.Args = append(out.Args, schema.Arg{
				Name: name, Type: in.typeOf(t, ""), Optional: len(out.Args) >= inputs-int(f.Defaults), Variadic: mode == "v",
			})
		}
		if mode == "o" || mode == "b" || mode == "t" {
			out.Returns.Out = append(out.Returns.Out, &schema.Column{Name: name, Type: in.typeOf(t, ""), Position: len(out.Returns.Out)})
		}
	}
	in.returns(f, &out.Returns)
	for _, setting := range f.Config {
		if key, value, ok := strings.Cut(setting, "="); ok && hoisted(key) {
			if out.Settings == nil {
				out.Settings = map[string]string{}
			}
			out.Settings[key] = value
		}
	}
	return out
}

// hoisted says whether a function's setting must hold for the whole statement that calls it (PostgREST's
// db-hoisted-tx-settings).
func hoisted(setting string) bool {
	return setting == "statement_timeout" || setting == "plan_filter.statement_cost_limit" || setting == "default_transaction_isolation"
}

// returns says what a function gives. OUT parameters are rows with the parameters' names, one alone too, as in PostgREST.
func (in *pgInspection) returns(f catFunction, r *schema.Returns) {
	r.SetOf = f.SetOf
	r.One = f.SetOf && f.Rows == 1
	t := in.types[f.Returns]
	if len(r.Out) > 0 {
		return
	}
	switch rel := in.rowRelation(f.Returns); {
	case t != nil && t.System && t.Name == "void":
		r.Void = true
	case t != nil && t.System && t.Name == "record":
		r.Record = true
	case rel != nil && t.Element == 0 && in.tables[rel.OID] != nil:
		r.Table = in.tables[rel.OID]
	default:
		r.Type = in.typeOf(f.Returns, "")
	}
}
