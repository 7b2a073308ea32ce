package hasura

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML reads a YAML file into nodes; nil where it is empty or has a mistake. include reads another file that is named by
// "!include PATH", as Hasura's CLI writes it in quotes, or by the tag !include.
func (d *document) readYAML(file string, text []byte, include func(path string, at place) *node) *node {
	if at, ok := tooDeep(file, text); ok {
		d.wrong(at, "the metadata is nested deeper than %d", nestingMax)
		return nil
	}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		at := place{file, 1, 1}
		message := err.Error()
		var located yaml.Error
		if errors.As(err, &located) {
			message = located.GetMessage()
			if t := located.GetToken(); t != nil && t.Position != nil {
				at.line, at.column = t.Position.Line, t.Position.Column
			}
		}
		d.wrong(at, "this is no YAML: %s", message)
		return nil
	}
	r := &yamlReader{document: d, file: file, include: include}
	var bodies []ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return nil
	case 1:
		return r.node(bodies[0], 0)
	}
	d.wrong(r.placeOf(bodies[1]), "a metadata file is one YAML document, and here begins a second one")
	return nil
}

type yamlReader struct {
	*document
	file    string
	include func(path string, at place) *node
}

func (r *yamlReader) placeOf(n ast.Node) place {
	switch x := n.(type) {
	case *ast.MappingNode: // whose token is a colon
		if len(x.Values) > 0 {
			return r.placeOf(x.Values[0])
		}
	case *ast.MappingValueNode:
		return r.placeOf(x.Key)
	}
	return r.tokenPlace(n.GetToken())
}

func (r *yamlReader) tokenPlace(t *token.Token) place {
	at := place{r.file, 1, 1}
	if t != nil && t.Position != nil {
		at.line, at.column = max(1, t.Position.Line), max(1, t.Position.Column)
	}
	return at
}

// node turns a node of YAML into one of ours; never nil.
func (r *yamlReader) node(y ast.Node, depth int) *node {
	n := &node{kind: aNull, doc: r.document, at: place{r.file, 1, 1}}
	if y == nil {
		return n
	}
	n.at = r.placeOf(y)
	if depth > nestingMax {
		r.wrong(n.at, "the metadata is nested deeper than %d", nestingMax)
		return n
	}
	switch y := y.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		n.kind, n.text = aBool, "false"
		if y.Value {
			n.text = "true"
		}
	case *ast.IntegerNode:
		n.kind, n.text = aNumber, fmt.Sprint(y.Value) // 0x1F and 1_000 too
	case *ast.FloatNode:
		n.kind, n.text = aNumber, strings.ReplaceAll(y.Token.Value, "_", "")
	case *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = aText, y.GetToken().Value
	case *ast.LiteralNode:
		n.kind, n.text = aText, y.Value.Value
	case *ast.StringNode:
		if path, ok := strings.CutPrefix(y.Value, "!include "); ok {
			return r.included(path, n)
		}
		n.kind, n.text = aText, y.Value
	case *ast.SequenceNode:
		n.kind = aList
		for _, v := range y.Values {
			n.items = append(n.items, r.node(v, depth+1))
		}
	case *ast.MappingNode:
		r.mapping(n, y.Values, depth)
	case *ast.MappingValueNode:
		r.mapping(n, []*ast.MappingValueNode{y}, depth)
	case *ast.TagNode:
		r.tagged(n, y, depth)
		if n.kind == aNull && y.Start.Value == "!include" {
			if s, ok := y.Value.(*ast.StringNode); ok {
				return r.included(s.Value, n)
			}
		}
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		r.wrong(n.at, "anchors, aliases and merge keys aren't read: write the value out")
	default:
		r.wrong(n.at, "this YAML isn't read: %s", y.Type())
	}
	return n
}

// tagged reads a value with one of YAML's own tags.
func (r *yamlReader) tagged(n *node, y *ast.TagNode, depth int) {
	switch y.Start.Value {
	case "!include":
		if _, ok := y.Value.(*ast.StringNode); !ok {
			r.wrong(n.at, "!include names no file")
		}
	case "!!str":
		if s, ok := y.Value.(ast.ScalarNode); ok {
			n.kind, n.text = aText, s.GetToken().Value
			return
		}
		r.wrong(n.at, "!!str isn't a text")
	default:
		r.wrong(n.at, "the tag %s isn't read", y.Start.Value)
	}
}

func (r *yamlReader) included(path string, n *node) *node {
	if found := r.include(strings.TrimSpace(path), n.at); found != nil {
		return found
	}
	return n
}

func (r *yamlReader) mapping(n *node, values []*ast.MappingValueNode, depth int) {
	n.kind = aObject
	seen := map[string]bool{}
	for _, v := range values {
		at := r.placeOf(v)
		var key string
		switch k := v.Key.(type) {
		case *ast.StringNode:
			key = k.Value
		case *ast.MergeKeyNode:
			r.wrong(at, "anchors, aliases and merge keys aren't read: write the value out")
			continue
		case ast.ScalarNode: // a role or column called 1, true or null
			key = k.GetToken().Value
		default:
			r.wrong(at, "this YAML isn't read as a key: %s", v.Key.Type())
			continue
		}
		if seen[key] {
			r.wrong(at, "%q stands here twice", key)
			continue
		}
		seen[key] = true
		n.fields = append(n.fields, &field{key: key, at: at, value: r.node(v.Value, depth+1)})
	}
}

// tooDeep finds text that the parser, which recurses, would go too deep into: brackets that aren't closed, and in one line many
// dashes, question marks and their like in a row, each of which opens something. It counts what stands in texts too; so many of
// them don't stand in metadata.
func tooDeep(file string, text []byte) (place, bool) {
	depth := 0
	for number, line := range bytes.Split(text, []byte("\n")) {
		opening := 0
		for i, c := range line {
			spaced := i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t'
			switch c {
			case '[', '{':
				depth++
				opening = 0
			case ']', '}':
				depth = max(0, depth-1)
				opening = 0
			case '-', '?', ':', '!', '&':
				if spaced {
					opening++
				}
			case ' ', '\t':
			default:
				opening = 0
			}
			if depth > 10*nestingMax || opening > nestingMax {
				return place{file, number + 1, i + 1}, true
			}
		}
	}
	return place{}, false
}
