package main

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// keyLines says on which line of a YAML file each key stands, by its dotted name; where there are several, the last one's. What isn't written out
// there, such as what an alias brings, has none. second is the line on which a second document begins, which nobody reads; 0 for none.
func keyLines(text []byte) (lines map[string]int, second int) {
	lines = map[string]int{}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return lines, 0 // who reads the values says what is wrong
	}
	for i, doc := range file.Docs {
		switch {
		case i == 0:
			noteLines(lines, "", doc.Body)
		case doc.Body != nil:
			return lines, doc.Body.GetToken().Position.Line
		}
	}
	return lines, 0
}

func noteLines(lines map[string]int, prefix string, n ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			noteLines(lines, prefix, v)
		}
	case *ast.MappingValueNode:
		at := n.Key.GetToken()
		name := prefix + at.Value
		lines[name] = at.Position.Line
		noteLines(lines, name+".", n.Value)
	case *ast.AnchorNode:
		noteLines(lines, prefix, n.Value)
	}
}

// place names where a key of a file is set.
func place(path string, lines map[string]int, name string) string {
	if line := lines[name]; line > 0 {
		return fmt.Sprintf("%s:%d", path, line)
	}
	return path
}
