package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// reserved are type names that GraphQL or the APIs need for themselves.
var reserved = []string{
	"Query", "Mutation", "Subscription", "query_root", "mutation_root", "subscription_root", "order_by", "cursor_ordering", "void", "record",
}

// declare takes in one definition: its name, its kind and what its directives say of it as a whole.
func (p *parser) declare(d *ast.Definition) {
	switch d.Kind {
	case ast.Interface, ast.Union, ast.InputObject:
		p.wrong(d.Position, "a table is a type, a list of values an enum, a PostgreSQL type a scalar", "a schema file has no %s", kindWord(d.Kind))
		return
	}
	if !p.typeName(d) {
		return
	}
	if len(d.Interfaces) > 0 {
		p.wrong(d.Position, "take implements out", "type %s implements %s, but a schema file has no interfaces", d.Name, d.Interfaces[0])
	}
	def := &definition{Definition: d}
	p.defs[d.Name] = def
	p.declared = append(p.declared, def)
	switch d.Kind {
	case ast.Scalar:
		def.directives = p.directives(d.Directives, onScalar)
		p.declareScalar(def)
	case ast.Enum:
		def.directives = p.directives(d.Directives, onEnum)
		p.declareEnum(def)
	case ast.Object:
		def.directives = p.directives(d.Directives, onObject)
		p.declareObject(def)
	}
}

func kindWord(k ast.DefinitionKind) string {
	return map[ast.DefinitionKind]string{ast.Interface: "interfaces", ast.Union: "unions", ast.InputObject: "input types"}[k]
}

// typeName checks a definition's name.
func (p *parser) typeName(d *ast.Definition) bool {
	if _, ok := coreScalar(d.Name); ok || d.Name == "ID" {
		p.wrong(d.Position, "call it something else; its name in the database goes into name: \"…\"", "%s is a type that every file has", d.Name)
		return false
	}
	if slices.Contains(reserved, d.Name) {
		p.wrong(d.Position, "call it something else; its name in the database goes into name: \"…\"", "the API needs the name %s for itself", d.Name)
		return false
	}
	if strings.HasPrefix(d.Name, "__") {
		p.wrong(d.Position, "begin it with something else", "GraphQL keeps names that begin with __ for itself")
		return false
	}
	if was, ok := p.defs[d.Name]; ok {
		p.wrong(d.Position, "call it something else", "%s is declared twice; first at %s:%d", d.Name, was.Position.Src.Name, was.Position.Line)
		return false
	}
	return true
}

// nameOf gives the name in the database: name: and schema: of a directive, else the name in the file.
func (p *parser) nameOf(d directive, fallback string) Name {
	n := Name{Name: fallback}
	if d.Directive == nil {
		return n
	}
	if d.has("name") {
		if n.Name = d.text("name"); n.Name == "" {
			p.wrong(d.at("name"), "write a name, or take name: out", "a name is empty")
			n.Name = fallback
		}
	}
	if strings.HasPrefix(strings.ToLower(n.Name), "_pintail_") {
		p.wrong(d.at("name"), "call it something else", "names that begin with _pintail_ are Pintail's own")
	}
	if d.has("schema") {
		if n.Schema = d.text("schema"); n.Schema == "" {
			p.wrong(d.at("schema"), "write a PostgreSQL schema's name, or take schema: out", "a schema's name is empty")
		}
		if n.Schema == "_pintail" {
			p.wrong(d.at("schema"), "choose another schema", "the schema _pintail is Pintail's own")
		}
	}
	return p.out.qualify(n)
}

func (p *parser) declareScalar(def *definition) {
	if def.Name == strings.ToUpper(def.Name) && misnamed[def.Name] != "" || misnamed[def.Name] != "" && len(def.Directives) == 0 {
		p.wrong(def.Position, "write "+misnamed[def.Name]+" for it, and take the scalar out", "%s has a name in every file", def.Name)
		return
	}
	if d, ok := one(def.directives, "domain"); ok {
		def.domain = &Domain{
			Name: p.nameOf(d, def.Name), Type: def.Name, Comment: def.Description, NotNull: d.flag("not_null", false), Default: d.text("default"),
			ToJSON: d.text("to_json"), FromJSON: d.text("from_json"), FromText: d.text("from_text"),
		}
		for _, c := range d.list("checks") {
			def.domain.Checks = append(def.domain.Checks, p.domainCheck(c))
		}
		if !d.has("type") {
			p.wrong(d.Position, `write @domain(type: "integer")`, "the domain %s doesn't say which type it narrows", def.Name)
		}
		if _, both := one(def.directives, "type"); both {
			p.wrong(d.Position, "keep one of @type and @domain", "a scalar is a PostgreSQL type or a domain, not both")
		}
		p.out.Domains = append(p.out.Domains, def.domain)
		return
	}
	d, _ := one(def.directives, "type")
	n := p.nameOf(d, def.Name)
	if t, ok := builtinNamed(n.Name); ok && n.Schema == "" && t.Base != Unknown && n.Name != "citext" {
		scalar, _ := scalarOf(t)
		p.wrong(def.Position, "write "+scalar, "PostgreSQL's type %s has a name in every file", n.Name)
		return
	}
	def.scalar = &Scalar{Name: n, Type: def.Name, Comment: def.Description}
	p.out.Scalars = append(p.out.Scalars, def.scalar)
}

func (p *parser) domainCheck(v *ast.Value) *Check {
	c := &Check{}
	for _, f := range v.Children {
		switch {
		case f.Name == "name" && f.Value.Kind == ast.StringValue:
			c.Name = f.Value.Raw
		case f.Name == "postgres" && (f.Value.Kind == ast.StringValue || f.Value.Kind == ast.BlockValue):
			c.Postgres = f.Value.Raw
		default:
			p.wrong(f.Position, `write {name: "…", postgres: "VALUE > 0"}`, "a domain's check has no %s", f.Name)
		}
	}
	if c.Postgres == "" {
		p.wrong(v.Position, `write {postgres: "VALUE > 0"}`, "a domain's check says nothing")
	}
	return c
}

func (p *parser) declareEnum(def *definition) {
	d, _ := one(def.directives, "type")
	e := &Enum{Name: p.nameOf(d, def.Name), Type: def.Name, Comment: def.Description, RenamedFrom: p.renamed(def.directives)}
	def.enum = e
	p.out.Enums = append(p.out.Enums, e)
	fields, labels := map[string]bool{}, map[string]bool{}
	for _, v := range def.EnumValues {
		ds := p.directives(v.Directives, onValue)
		value := EnumValue{Value: v.Name, Field: v.Name, Comment: v.Description, RenamedFrom: p.renamed(ds)}
		if d, ok := one(ds, "value"); ok && d.has("name") {
			value.Value = d.text("name")
		}
		switch {
		case v.Name == "true" || v.Name == "false" || v.Name == "null":
			p.wrong(v.Position, "write "+v.Name+`_ @value(name: "`+v.Name+`")`, "GraphQL keeps the word %s for itself", v.Name)
		case fields[v.Name]:
			p.wrong(v.Position, "take it out", "%s has the value %s twice", def.Name, v.Name)
		case labels[value.Value]:
			p.wrong(v.Position, "take it out", "%s has the label %q twice", def.Name, value.Value)
		case len(value.Value) > 63:
			p.wrong(v.Position, "shorten it", "the label %.20q… is longer than the 63 bytes that PostgreSQL keeps", value.Value)
		}
		fields[v.Name], labels[value.Value] = true, true
		e.Values = append(e.Values, value)
	}
}

// renamed gives @renamed(from:).
func (p *parser) renamed(ds map[string][]directive) string {
	d, ok := one(ds, "renamed")
	if ok && d.text("from") == "" {
		p.wrong(d.Position, `write @renamed(from: "the old name")`, "@renamed doesn't say what the name was")
	}
	return d.text("from")
}

// objectKinds say what a type is.
var objectKinds = []string{"table", "view", "composite", "result", "document", "edge"}

func (p *parser) declareObject(def *definition) {
	var kinds []string
	for _, k := range objectKinds {
		if len(def.directives[k]) > 0 {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) > 1 {
		p.wrong(def.directives[kinds[1]][0].Position, "keep one of them", "%s can't be @%s and @%s at once", def.Name, kinds[0], kinds[1])
	}
	if len(kinds) == 0 {
		p.wrong(def.Position, "write type "+def.Name+" @table", "%s doesn't say what it is: a table, a view, a composite type, or a function's result", def.Name)
		kinds = []string{"table"}
	}
	d, _ := one(def.directives, kinds[0])
	switch kinds[0] {
	case "composite":
		def.composite = &Composite{Name: p.nameOf(d, def.Name), Type: def.Name, Comment: def.Description}
		p.out.Composites = append(p.out.Composites, def.composite)
	case "result":
		def.result = true
	default:
		if def.directives[kinds[0]] != nil && d.args == nil {
			d.Directive = nil // @document and @edge
		}
		p.declareTable(def, d, kinds[0] == "view")
	}
	if def.table == nil {
		for _, k := range []string{"primary", "unique", "check", "index", "foreign", "allow", "renamed", "root", "cache"} {
			if x, ok := one(def.directives, k); ok {
				p.wrong(x.Position, "take it out", "@%s belongs to tables, and %s is none", k, def.Name)
			}
		}
	}
}

func (p *parser) declareTable(def *definition, d directive, view bool) {
	t := &Table{Name: p.nameOf(d, def.Name), Type: def.Name, Comment: def.Description, RenamedFrom: p.renamed(def.directives), Strict: true}
	if d.Directive != nil && !view {
		t.Strict, t.WithoutRowID, t.Enum = d.flag("strict", true), d.flag("without_rowid", false), d.flag("enum", false)
	}
	if view {
		t.Strict = false
		t.View = &View{
			Materialized: d.flag("materialized", false), Postgres: d.text("postgres"), SQLite: d.text("sqlite"),
			Insertable: d.flag("insertable", false), Updatable: d.flag("updatable", false), Deletable: d.flag("deletable", false),
		}
		if t.View.Postgres == "" && t.View.SQLite == "" {
			p.wrong(d.Position, `write @view(postgres: "SELECT …", sqlite: "SELECT …")`, "the view %s has no SELECT", def.Name)
		}
		if t.View.Materialized && t.View.Postgres == "" {
			p.wrong(d.at("materialized"), "take materialized out, or write postgres: \"SELECT …\"", "SQLite has no materialized views")
		}
	}
	if r, ok := one(def.directives, "root"); ok {
		p.roots(t, r)
	}
	if c, ok := one(def.directives, "cache"); ok {
		if t.Uncached = c.flag("off", false); !t.Uncached {
			p.wrong(c.Position, "write @cache(off: true), or take it out", "@cache changes nothing: what may be kept in memory is kept without it")
		}
	}
	def.table = t
	p.objects[t], p.at[t] = def, def.Position
	p.out.Tables = append(p.out.Tables, t)
	p.checkLength(def.Position, t.Name.Name)
}

// roots reads @root.
func (p *parser) roots(t *Table, d directive) {
	if len(d.Arguments) == 0 {
		p.wrong(d.Position, `write @root(select: "…")`, "@root doesn't say which name")
	}
	for _, k := range rootKinds {
		if !d.has(string(k.kind)) {
			continue
		}
		name, at := d.text(string(k.kind)), d.at(string(k.kind))
		switch {
		case name == "":
			p.wrong(at, "write a name, or take "+string(k.kind)+": out", "a name is empty")
		case strings.HasPrefix(name, "__"):
			p.wrong(at, "begin it with something else", "GraphQL keeps names that begin with __ for itself")
		case SpellWord(name) != name:
			p.wrong(at, "write "+strconv.Quote(SpellWord(name)), "%s is no name in GraphQL, which has letters, digits and _", shortValue(d.args[string(k.kind)]))
		}
		t.SetRoot(k.kind, name)
		p.at[rootOf{table: t, kind: k.kind}] = at
	}
}

// checkLength refuses names that PostgreSQL would cut.
func (p *parser) checkLength(pos *ast.Position, name string) {
	if len(name) > 63 {
		p.wrong(pos, "shorten it to 63 bytes", "the name %.20s… has %d bytes, and PostgreSQL would cut it", name, len(name))
	}
}

// resolveDomains looks up what every domain narrows; a domain may narrow another one.
func (p *parser) resolveDomains() {
	for _, d := range p.declared {
		if d.domain != nil {
			p.resolveDomain(d)
		}
	}
}

func (p *parser) resolveDomain(def *definition) {
	d, _ := one(def.directives, "domain")
	if def.resolved || !d.has("type") {
		return
	}
	if def.resolving {
		p.wrong(d.at("type"), "write the type that it narrows", "the domain %s narrows itself", def.Name)
		return
	}
	def.resolving = true
	if t, ok := p.typeOfText(d.args["type"]); ok {
		def.domain.Base = t
	}
	def.resolving, def.resolved = false, true
}

// typeOfText reads a PostgreSQL type in a string. One that isn't built in is looked up among the file's types by its name
// in the database; one that isn't there either is PostgreSQL's to know.
func (p *parser) typeOfText(v *ast.Value) (Type, bool) {
	t, own, ok := parseType(v.Raw)
	if !ok {
		p.wrong(v.Position, `write it as PostgreSQL does: "numeric(10,2)", "varchar(20)", "extensions.geometry(Point,4326)"`, "%s is no PostgreSQL type", v.String())
		return Type{}, false
	}
	if !own && t.Name != "citext" {
		return t, true
	}
	n := p.out.qualify(Name{Schema: t.Schema, Name: t.Name})
	t.Schema = n.Schema
	for _, d := range p.declared {
		if d.domain != nil && p.out.qualify(d.domain.Name) != n {
			continue // looking at it would resolve it, and it may be the one that asks
		}
		if found, ok := p.typeOfDefinition(d); ok && found.Name == n.Name && found.Schema == n.Schema {
			found.Modifier, found.Array = t.Modifier, t.Array
			return found, true
		}
	}
	return t, true
}

// typeOfDefinition gives the type that a definition of the file stands for.
func (p *parser) typeOfDefinition(d *definition) (Type, bool) {
	of := func(n Name) Type { return Type{Name: n.Name, Schema: n.Schema} }
	switch {
	case d.enum != nil:
		t := of(d.enum.Name)
		t.Base, t.Enum = EnumBase, d.enum
		return t, true
	case d.composite != nil:
		t := of(d.composite.Name)
		t.Base, t.Composite = CompositeBase, d.composite
		return t, true
	case d.domain != nil:
		p.resolveDomain(d)
		return domainType(d.domain), true
	case d.table != nil:
		t := of(d.table.Name)
		t.Base, t.Table = CompositeBase, d.table
		return t, true
	case d.scalar != nil:
		t := of(d.scalar.Name)
		if t.Name == "citext" {
			t.Base = Text
		}
		return t, true
	}
	return Type{}, false
}

// domainType is the type of a domain's columns.
func domainType(d *Domain) Type {
	t := Type{Name: d.Name.Name, Schema: d.Name.Schema, Domain: d}
	if !d.Base.Array {
		t.Base, t.Enum, t.Composite = d.Base.Base, d.Base.Enum, d.Base.Composite
	}
	return t
}

// typeNamed finds a type by the name that a field or argument gives it.
func (p *parser) typeNamed(name string) (Type, bool) {
	if t, ok := coreScalar(name); ok {
		return t, true
	}
	if d, ok := p.defs[name]; ok {
		return p.typeOfDefinition(d)
	}
	if slices.Contains(passed, name) {
		return Type{Name: name}, true
	}
	return Type{}, false
}

// typeRef reads a field's or argument's type; text is @column(type:) or @arg(type:), nil for none.
func (p *parser) typeRef(t *ast.Type, text *ast.Value) (Type, bool) {
	inner, array := t, false
	if t.Elem != nil {
		inner, array = t.Elem, true
		if inner.Elem != nil {
			p.wrong(inner.Position, "write ["+t.Name()+"]: a PostgreSQL array may have any number of dimensions", "a list of lists is no column's type")
			return Type{}, false
		}
	}
	out, ok := p.typeNamed(inner.NamedType)
	if !ok {
		p.unknownType(inner)
		return Type{}, false
	}
	out.Array = array
	if text == nil {
		return out, true
	}
	said, ok := p.typeOfText(text)
	if !ok {
		return Type{}, false
	}
	if !sameFamily(out, said) {
		instead := "write the same type in both places"
		if scalar, ok := scalarOf(Type{Base: said.Base, Name: said.Name}); ok {
			instead = "write " + scalar + " before it"
		}
		p.wrong(text.Position, instead, "the field is %s, and type: says %s", inner.NamedType, said)
		return Type{}, false
	}
	said.Array = array
	return said, true
}

// sameFamily says whether a scalar and a PostgreSQL type are two ways of saying one thing: String stands for all that is text.
func sameFamily(scalar, text Type) bool {
	if scalar.Name == text.Name && scalar.Schema == text.Schema {
		return true
	}
	return scalar.Name == "text" && scalar.Base == Text && text.Base == Text && text.Domain == nil && text.Name != "citext"
}

// unknownType says what was probably meant.
func (p *parser) unknownType(t *ast.Type) {
	if say := misnamed[t.NamedType]; say != "" {
		p.wrong(t.Position, "write "+say, "there is no type %s", t.NamedType)
		return
	}
	var names []string
	for _, b := range core {
		names = append(names, b.scalar)
	}
	for _, d := range p.declared {
		names = append(names, d.Name)
	}
	if n := nearest(t.NamedType, names); n != "" {
		p.wrong(t.Position, "write "+n, "there is no type %s", t.NamedType)
		return
	}
	p.wrong(t.Position, "declare it: type "+t.NamedType+" @table, or enum "+t.NamedType+", or scalar "+t.NamedType+" for a PostgreSQL type", "there is no type %s", t.NamedType)
}
