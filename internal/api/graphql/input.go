package graphql

import (
	"iter"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	pg "github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// variables are what a request gives for an operation's variables.
type variables struct {
	declared ast.VariableDefinitionList
	given    []raw // by place of the declaration; "" where nothing is given
}

// An input stands in the place of an argument or of a key: a literal of the document, or a place in a variable's value.
// Neither lit nor from is set where there is nothing, as for a variable without value and default.
type input struct {
	lit  *ast.Value // may hold variables further in, but is none
	val  raw        // where lit is nil
	from *spot      // where val stands
}

// A spot is a place in a variable's value, where a later request's value is found again.
type spot struct {
	variable int
	steps    []step
}

// A step leads to the value of a key or, where key is empty, to an element.
type step struct {
	key   string
	index int
}

// input gives what a literal stands for: itself, or if it is a variable what that holds.
func (vs *variables) input(v *ast.Value) input {
	if v == nil {
		return input{}
	}
	if v.Kind != ast.Variable {
		return input{lit: v}
	}
	for i, d := range vs.declared {
		if d.Variable != v.Raw {
			continue
		}
		if vs.given[i] == "" {
			return input{lit: d.DefaultValue}
		}
		return input{val: vs.given[i], from: &spot{variable: i}}
	}
	return input{}
}

// again gives what stands in the place of in with these variables.
func (vs *variables) again(in input) input {
	if in.from == nil {
		return in
	}
	v := vs.given[in.from.variable]
	for _, s := range in.from.steps {
		if s.key != "" {
			v = v.member(s.key)
		} else {
			v = v.item(s.index)
		}
	}
	return input{val: v, from: in.from}
}

// fixed says whether an input is the same in every request.
func (in input) fixed() bool {
	if in.lit == nil {
		return in.from == nil
	}
	return constant(in.lit)
}

func constant(v *ast.Value) bool {
	return v.Kind != ast.Variable && !slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return !constant(c.Value) })
}

func (in input) kind() kind {
	if in.lit == nil {
		return in.val.kind()
	}
	switch in.lit.Kind {
	case ast.NullValue:
		return kindNull
	case ast.BooleanValue:
		return kindBoolean
	case ast.IntValue, ast.FloatValue:
		return kindNumber
	case ast.StringValue, ast.BlockValue:
		return kindString
	case ast.EnumValue:
		return kindEnum
	case ast.ListValue:
		return kindList
	case ast.ObjectValue:
		return kindObject
	}
	return kindAbsent
}

// there says whether an input is given at all, null or not.
func (in input) there() bool { return in.kind() != kindAbsent }

// text is a scalar as it is written, a string without quotes and escapes.
func (in input) text() string {
	if in.lit != nil {
		return in.lit.Raw
	}
	return in.val.text()
}

// members gives the keys of an object that have a value, in their order.
func (vs *variables) members(in input) iter.Seq2[string, input] {
	return func(yield func(string, input) bool) {
		if in.lit != nil {
			for _, c := range in.lit.Children {
				if of := vs.input(c.Value); of.there() && !yield(c.Name, of) {
					return
				}
			}
			return
		}
		for key, v := range in.val.members() {
			if !yield(key, input{val: v, from: in.from.to(step{key: key})}) {
				return
			}
		}
	}
}

// items gives the elements of a list; what is no list is the only one of itself.
func (vs *variables) items(in input) iter.Seq2[int, input] {
	return func(yield func(int, input) bool) {
		switch {
		case in.kind() != kindList:
			yield(0, in)
		case in.lit != nil:
			for i, c := range in.lit.Children {
				of := vs.input(c.Value)
				if !of.there() {
					of = input{lit: &ast.Value{Kind: ast.NullValue}} // a variable without a value, in a list
				}
				if !yield(i, of) {
					return
				}
			}
		default:
			for i, v := range in.val.items() {
				if !yield(i, input{val: v, from: in.from.to(step{index: i})}) {
					return
				}
			}
		}
	}
}

func (s *spot) to(next step) *spot {
	return &spot{variable: s.variable, steps: append(slices.Clip(slices.Clone(s.steps)), next)}
}

// json writes an input as JSON.
func (vs *variables) json(dst []byte, in input) []byte {
	if in.lit == nil {
		if !in.there() {
			return append(dst, "null"...)
		}
		return append(dst, in.val...)
	}
	switch in.kind() {
	case kindList:
		dst = append(dst, '[')
		for i, of := range vs.items(in) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = vs.json(dst, of)
		}
		return append(dst, ']')
	case kindObject:
		dst = append(dst, '{')
		first := true
		for key, of := range vs.members(in) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(pg.AppendJSONString(dst, key), ':')
			dst = vs.json(dst, of)
		}
		return append(dst, '}')
	case kindString, kindEnum:
		return pg.AppendJSONString(dst, in.lit.Raw)
	}
	return append(dst, in.lit.Raw...)
}

// A conversion makes of an input the value that a plan reads.
type conversion struct {
	named *Type       // the scalar or enum of one value
	of    schema.Type // what it is in the database
	list  bool        // a list of such values, each one a text
	page  bool        // a limit or an offset
	wide  bool        // an offset: of 64 bits, and a text of digits is one too
	path  string      // where it stands, for errors
}

func (c *conversion) value(vs *variables, in input) (query.Value, error) {
	if !c.list {
		text, err := c.scalar(vs, in, c.path)
		if err == nil && c.page && strings.HasPrefix(text, "-") {
			err = refusal(c.path, NotSupported, "unexpected negative value")
		}
		return query.Text(text), err
	}
	if in.kind() == kindNull {
		return query.Value{}, c.unexpected(in, c.path)
	}
	list := []string{}
	for i, of := range vs.items(in) {
		if i == listValuesMax {
			return query.Value{}, tooManyValues(c.path)
		}
		text, err := c.scalar(vs, of, c.path)
		if err != nil {
			return query.Value{}, err
		}
		list = append(list, text)
	}
	return query.List(list), nil
}

func tooManyValues(path string) error {
	return refusal(path, ValidationFailed, "a list has more than %d values", listValuesMax)
}

// scalar gives the text of one value.
func (c *conversion) scalar(vs *variables, in input, path string) (string, error) {
	if c.isJSON() {
		return string(vs.json(nil, in)), nil
	}
	switch k := in.kind(); {
	case k == kindAbsent, k == kindNull:
		return "", c.unexpected(in, path)
	case c.of.Array && k == kindList:
		return c.array(vs, in, path)
	case k == kindList || k == kindObject:
		if c.reads() && (c.of.Base == schema.Unknown || c.of.Base == schema.CompositeBase) {
			return string(vs.json(nil, in)), nil
		}
		return "", c.unexpected(in, path)
	}
	return c.plain(in, path)
}

func (c *conversion) isJSON() bool {
	return !c.of.Array && (c.of.Base == schema.JSON || c.of.Base == schema.JSONB)
}

// plain gives the text of what is neither null nor made of others.
func (c *conversion) plain(in input, path string) (string, error) {
	k, text := in.kind(), in.text()
	if c.named != nil && c.named.Kind == ast.Enum {
		return c.enum(in, path)
	}
	if k == kindEnum {
		return "", c.unexpected(in, path)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "", refusal(path, ParseFailed, "a text can't hold the NUL character")
	}
	if c.named == nil || c.of.Array {
		return text, nil
	}
	ok := true
	if k == kindString && c.reads() {
		return text, nil
	}
	switch c.named.Name {
	case "Int":
		if ok = k == kindNumber || c.wide && k == kindString && onlyDigits(text); ok {
			return c.integer(text, path)
		}
	case "Float":
		ok = k == kindNumber
	case "String":
		ok = k == kindString
	case "Boolean":
		ok = k == kindBoolean
	}
	if !ok {
		return "", c.unexpected(in, path)
	}
	return text, nil
}

// integer gives the digits of an Int.
func (c *conversion) integer(text, path string) (string, error) {
	bits := 32
	if c.wide {
		bits = 64
	}
	digits, ok := integer(text, bits)
	if !ok {
		return "", refusal(path, ParseFailed, "%s", outside(shortened(text)))
	}
	return digits, nil
}

// reads says whether the database's rules for a type read the text: a string may stand for every column's value then.
func (c *conversion) reads() bool { return c.of.Name != "" }

// enum gives the label in the database of an enum's value.
func (c *conversion) enum(in input, path string) (string, error) {
	if k := in.kind(); k != kindEnum && (k != kindString || in.lit != nil && c.named.Is != DatabaseEnum) {
		return "", c.unexpected(in, path)
	}
	v := enumValue(c.named, in.text())
	if v == nil {
		names := make([]string, 0, len(c.named.Values))
		for _, v := range c.named.Values {
			names = append(names, "'"+v.Name+"'")
		}
		return "", refusal(path, ValidationFailed, "expected one of the values [%s] for type '%s', but found '%s'",
			shortened(strings.Join(names, ", ")), c.named.Name, shortened(in.text()))
	}
	return v.Value, nil
}

func enumValue(t *Type, name string) *EnumValue {
	i := slices.IndexFunc(t.Values, func(v EnumValue) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Values[i]
}

// array writes a list as PostgreSQL's text of an array.
func (c *conversion) array(vs *variables, in input, path string) (string, error) {
	dst := []byte{'{'}
	one := *c
	one.of.Array = false
	for i, of := range vs.items(in) {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch of.kind() {
		case kindNull:
			dst = append(dst, "NULL"...)
			continue
		case kindList:
			text, err := c.array(vs, of, path)
			if err != nil {
				return "", err
			}
			dst = append(dst, text...)
			continue
		}
		text, err := one.scalar(vs, of, path)
		if err != nil {
			return "", err
		}
		if !bareElement(text) {
			text = `"` + escapeElement.Replace(text) + `"`
		}
		dst = append(dst, text...)
	}
	return string(append(dst, '}')), nil
}

// bareElement says whether a text needs no quotes in an array.
func bareElement(s string) bool {
	return s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{},\"\\ \t\n\r\v\f")
}

var escapeElement = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// column writes a value as the JSON of a column in a row.
func (c *conversion) column(dst []byte, vs *variables, in input, path string) ([]byte, error) {
	k := in.kind()
	if k == kindAbsent || k == kindNull {
		return append(dst, "null"...), nil
	}
	if c.isJSON() {
		return vs.json(dst, in), nil
	}
	one := *c
	switch {
	case c.of.Array && k == kindList:
		return c.elements(dst, vs, in, path)
	case c.of.Array && k == kindString:
		list, err := pg.Parse(c.of, in.text())
		if err != nil {
			return dst, refusal(path, ParseFailed, "%s", message(err))
		}
		return pg.AppendJSON(dst, c.of, list, nil), nil
	case c.of.Array:
		return dst, c.unexpected(in, path)
	case k == kindList || k == kindObject:
		if c.of.Base != schema.Unknown && c.of.Base != schema.CompositeBase {
			return dst, c.unexpected(in, path)
		}
		return vs.json(dst, in), nil
	}
	text, err := one.plain(in, path)
	if err != nil {
		return dst, err
	}
	if k == kindNumber || k == kindBoolean {
		return append(dst, text...), nil
	}
	return pg.AppendJSONString(dst, text), nil
}

// elements writes the JSON list of an array column, of however many dimensions.
func (c *conversion) elements(dst []byte, vs *variables, in input, path string) ([]byte, error) {
	one := *c
	one.of.Array = false
	dst = append(dst, '[')
	for i, of := range vs.items(in) {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if of.kind() == kindList && !one.isJSON() {
			dst, err = c.elements(dst, vs, of, path)
		} else {
			dst, err = one.column(dst, vs, of, path)
		}
		if err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// unexpected says what should have stood there.
func (c *conversion) unexpected(in input, path string) error {
	name, want := "", ""
	if c.named != nil {
		name = c.named.Name
	}
	switch {
	case in.kind() == kindNull || in.kind() == kindAbsent:
		return refusal(path, ValidationFailed, "unexpected null value for type '%s'", name)
	case c.named != nil && c.named.Kind == ast.Enum:
		want = "an enum value"
	case name == "Int":
		want = "a 32-bit integer"
	case name == "Float":
		want = "a float"
	case name == "Boolean":
		want = "a boolean"
	case name == "String":
		want = "a string"
	default:
		want = "a scalar"
	}
	code := ValidationFailed
	if c.reads() && c.named != nil && c.named.Kind == ast.Scalar {
		code = ParseFailed
	}
	return refusal(path, code, "expected %s for type '%s', but found %s", want, name, in.kind().said())
}

// shortened keeps what a client sent from filling an error.
func shortened(s string) string { return cut(s, 200) }

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
