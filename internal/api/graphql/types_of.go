package graphql

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pintail-dev/pintail/schema"
)

// Types gives the types of the API by their names. They are computed from the schema when somebody asks; only the most
// recent ones are kept. It is safe for concurrent use.
type Types struct {
	schema  *schema.Schema
	options TypesOptions

	tables   map[string]*schema.Table    // by the name of the row type
	groups   map[string]*schema.Table    // by the name of t_group
	grouped  map[*schema.Table]string    // and back
	args     map[string]*schema.Function // by the name of f_args
	argsOn   map[*schema.Function]string // and back
	results  map[string]*schema.Function // by the name of the result's type
	values   map[string]*value           // types of columns, arguments and results, by the scalar's or enum's name
	passed   map[schema.Name]string      // scalars of the schema file
	declared map[string]bool             // names that the file gives
	grouping []string                    // those of them that have _group in it
	computed map[*schema.Table][]*schema.Function
	query    *root
	mutation *root

	enums sync.Map // *schema.Table to []EnumValue: of the enum tables that were asked for

	mu    sync.RWMutex
	memo  map[string]*Type
	made  int // fields and arguments in memo
	names []string
	kinds []byte // of the names, as places in kindNames
}

// TypesOptions are what the types depend on besides the schema.
type TypesOptions struct {
	// EnumValues gives the values of an enum table, Name, Description and Value of each. It is asked once a table, when the
	// enum is first needed: where rows have changed, new Types are due. Values that GraphQL can't spell are left out; a
	// column that refers to a table without values is of the table's own type. Nil is no values for any.
	EnumValues func(*schema.Table) []EnumValue
}

// memoMax is how many fields and arguments of types are kept, some 3 MiB. Beyond that all are forgotten.
const memoMax = 16_000

// NewTypes prepares the types of a schema. Only indexes of names are built.
func NewTypes(s *schema.Schema, o TypesOptions) *Types {
	t := &Types{
		schema: s, options: o, memo: map[string]*Type{},
		tables: make(map[string]*schema.Table, len(s.Tables)), groups: make(map[string]*schema.Table, len(s.Tables)),
		grouped: make(map[*schema.Table]string, len(s.Tables)), args: map[string]*schema.Function{}, argsOn: map[*schema.Function]string{}, results: map[string]*schema.Function{},
		values: map[string]*value{}, passed: map[schema.Name]string{}, declared: map[string]bool{}, computed: map[*schema.Table][]*schema.Function{},
	}
	t.declare()
	t.indexFunctions()
	t.indexValues()
	t.query, t.mutation = newRoot(t, false), newRoot(t, true)
	return t
}

// declare takes in the names that the file gives, which come before all that are made from them.
func (t *Types) declare() {
	for _, x := range t.schema.Tables {
		t.declared[x.Type] = true
		if t.servesTable(x) {
			t.tables[x.Type] = x
		}
	}
	for _, x := range t.schema.Enums {
		t.declared[x.Type] = true
	}
	for _, x := range t.schema.Composites {
		t.declared[x.Type] = true
	}
	for _, x := range t.schema.Domains {
		t.declared[x.Type] = true
	}
	for _, x := range t.schema.Scalars {
		t.declared[x.Type] = true
		t.passed[t.qualify(x.Name)] = x.Type
	}
	for _, f := range t.schema.Functions {
		if f.Returns.Field != "" {
			t.declared[f.Returns.Field] = true
		}
	}
	for name := range t.declared {
		if strings.Contains(name, "_group") {
			t.grouping = append(t.grouping, name)
		}
	}
	for _, x := range t.schema.Tables {
		if t.servesTable(x) {
			name := t.groupName(x)
			t.groups[name], t.grouped[x] = x, name
		}
	}
}

// groupName gives the name of t_group: another one where the file has it, or one of the names that are made from it.
func (t *Types) groupName(x *schema.Table) string {
	name := x.Type + "_group"
	taken := func() bool {
		for _, declared := range t.grouping {
			if rest, ok := strings.CutPrefix(declared, name); ok && groupSuffix(rest) {
				return true
			}
		}
		return false
	}
	for i := 2; taken(); i++ {
		name = x.Type + "_group_" + strconv.Itoa(i)
	}
	return name
}

// free gives a made type's name, another one where the file or the arguments of another function have it already: f_args_2 beside a
// table f_args.
func (t *Types) free(name string) string {
	out := name
	for i := 2; t.declared[out] || t.args[out] != nil; i++ {
		out = name + "_" + strconv.Itoa(i)
	}
	return out
}

func (t *Types) qualify(n schema.Name) schema.Name {
	if n.Schema == t.schema.Default {
		n.Schema = ""
	}
	return n
}

// served says whether what has this name stands in an exposed PostgreSQL schema.
func (t *Types) served(n schema.Name) bool {
	if n.Schema == "" {
		n.Schema = t.schema.Default
	}
	return len(t.schema.Exposed) == 0 || slices.Contains(t.schema.Exposed, n.Schema)
}

// servesTable says whether a table is part of the API. One without columns has nothing to select.
func (t *Types) servesTable(x *schema.Table) bool { return len(x.Columns) > 0 && t.served(x.Name) }

// Type gives a type by its name; nil where there is none.
func (t *Types) Type(name string) *Type {
	t.mu.RLock()
	found := t.memo[name]
	t.mu.RUnlock()
	if found != nil {
		return found
	}
	made := t.make(name)
	if made == nil {
		return nil
	}
	n := 1
	for _, f := range made.Fields {
		n += 1 + len(f.Args)
	}
	n += len(made.Values) / 2
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := t.memo[name]; found != nil {
		return found
	}
	if t.made += n; t.made > memoMax {
		t.memo, t.made = map[string]*Type{}, n
	}
	t.memo[name] = made
	return made
}

// make computes a type.
func (t *Types) make(name string) *Type {
	switch name {
	case "query_root":
		return t.query.asType()
	case "mutation_root":
		if t.mutation.empty() {
			return nil
		}
		return t.mutation.asType()
	case "order_by":
		return orderByEnum
	}
	if strings.HasPrefix(name, "__") {
		return metaType(name)
	}
	if table := t.tables[name]; table != nil {
		return t.row(table)
	}
	if f := t.results[name]; f != nil {
		return t.resultType(f)
	}
	if f := t.args[name]; f != nil {
		return t.argumentsType(f)
	}
	if made := t.valueType(name); made != nil {
		return made
	}
	return t.fromTable(name)
}

// Names lists every type that can be reached from the roots, and introspection's own, sorted.
func (t *Types) Names() []string {
	t.mu.RLock()
	names := t.names
	t.mu.RUnlock()
	if names != nil {
		return names
	}
	kinds := map[string]byte{"Boolean": 0, "String": 0, "Int": 0} // of directives and introspection
	for _, m := range metaTypes {
		kinds[m.Name] = byte(slices.Index(kindNames, m.Kind))
	}
	next := []string{"query_root"}
	if !t.mutation.empty() {
		next = append(next, "mutation_root")
	}
	see := func(f *Field) {
		name := f.Type.Name()
		if _, seen := kinds[name]; !seen {
			next = append(next, name)
			kinds[name] = 0
		}
	}
	for len(next) > 0 {
		name := next[len(next)-1]
		next = next[:len(next)-1]
		made := t.make(name)
		if made == nil {
			delete(kinds, name)
			continue
		}
		kinds[name] = byte(slices.Index(kindNames, made.Kind))
		for f := range made.All() {
			see(f)
			for _, a := range f.Args {
				see(a)
			}
		}
	}
	names = slices.Sorted(maps.Keys(kinds))
	list := make([]byte, len(names))
	for i, name := range names {
		list[i] = kinds[name]
	}
	t.mu.Lock()
	t.names, t.kinds = names, list
	t.mu.Unlock()
	return names
}

// enumValues gives the values of an enum table that GraphQL can spell.
func (t *Types) enumValues(x *schema.Table) []EnumValue {
	if known, ok := t.enums.Load(x); ok {
		return known.([]EnumValue)
	}
	var values []EnumValue
	if t.options.EnumValues != nil && x.Enum {
		for _, v := range t.options.EnumValues(x) {
			if enumName(v.Name) {
				values = append(values, v)
			}
		}
	}
	known, _ := t.enums.LoadOrStore(x, values)
	return known.([]EnumValue)
}

// enumTable gives the enum table whose enum a column is of; nil for none.
func (t *Types) enumTable(c *schema.Column) *schema.Table {
	if x := c.EnumTable(); x != nil && len(t.enumValues(x)) > 0 {
		return x
	}
	return nil
}

// enumName says whether a text can be the name of an enum's value.
func enumName(s string) bool {
	switch s {
	case "", "true", "false", "null":
		return false
	}
	return schema.SpellWord(s) == s
}
