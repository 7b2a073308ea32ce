package schema

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	gql "github.com/vektah/gqlparser/v2/parser"
)

// fileBytesMax bounds one source file. A thousand tables take less than one MiB.
const fileBytesMax = 16 << 20

// A Source is one file.
type Source struct {
	Name string // as mistakes call it
	Text string
}

// Load reads a schema file, or every *.graphql in a directory, and the named queries in queries/*.sql beside it. What
// stands in the files and is wrong comes back as Mistakes; any other error is the disk's.
func Load(path string) (*Schema, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	files, root := []string{path}, filepath.Dir(path)
	if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.graphql")); err != nil || len(files) == 0 {
			return nil, fmt.Errorf("read the schema: there is no *.graphql in %s", path)
		}
	}
	queries, err := filepath.Glob(filepath.Join(root, "queries", "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("read the named queries: %w", err)
	}
	var sources []Source
	for _, f := range slices.Concat(files, queries) {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
		sources = append(sources, Source{Name: f, Text: string(text)})
	}
	s, mistakes := Parse(sources...)
	if len(mistakes) > 0 {
		return nil, Mistakes(mistakes)
	}
	return s, nil
}

// Parse reads schema files and named queries (names that end in .sql) and checks them. The schema is nil where there are
// mistakes; they stand in the order of the files, at most 50.
func Parse(sources ...Source) (*Schema, []Mistake) {
	p := &parser{
		out:   &Schema{},
		lines: map[string][]string{}, order: map[string]int{}, defs: map[string]*definition{}, objects: map[*Table]*definition{},
		at: map[any]*ast.Position{}, onFields: map[*ast.FieldDefinition]map[string][]directive{},
		shifted: map[*ast.Source]int{}, spoilt: map[*ast.Position]bool{}, columnAt: map[*Column]*ast.Position{},
	}
	var docs []*ast.SchemaDocument
	var queries []Source
	for i, src := range sources {
		p.lines[src.Name], p.order[src.Name] = strings.Split(src.Text, "\n"), i
		switch {
		case !p.readable(src):
		case strings.HasSuffix(src.Name, ".sql"):
			queries = append(queries, src)
		default:
			if doc := p.syntax(src); doc != nil {
				docs = append(docs, doc)
			}
		}
	}
	if len(p.mistakes) == 0 {
		p.build(docs, queries)
	}
	if len(p.mistakes) > 0 {
		return nil, sortMistakes(p.mistakes, p.order)
	}
	return p.out, nil
}

// A parser turns syntax trees into a schema and collects mistakes.
type parser struct {
	out      *Schema
	mistakes []Mistake
	lines    map[string][]string // by file
	order    map[string]int      // of the files

	defs     map[string]*definition // by the name in the file
	declared []*definition          // in the order of the files
	objects  map[*Table]*definition
	late     []lateField
	ofs      []ofKey
	spoilt   map[*ast.Position]bool // directives with mistakes in their arguments
	shifted  map[*ast.Source]int    // lines before the file's own, where a named query's head is parsed
	results  map[string][]*Column   // of @result types
	used     []string               // @result types that a function gives
	at       map[any]*ast.Position  // of what later checks speak of: tables, relations, functions, keys
	columnAt map[*Column]*ast.Position
	onFields map[*ast.FieldDefinition]map[string][]directive
}

// A definition is a type, enum or scalar of the file.
type definition struct {
	*ast.Definition
	directives map[string][]directive

	table     *Table
	enum      *Enum
	composite *Composite
	domain    *Domain
	scalar    *Scalar
	result    bool // a function's rows

	resolving bool // a domain whose base is being looked up
	resolved  bool
}

// wrong adds a mistake at a position.
func (p *parser) wrong(pos *ast.Position, instead, format string, args ...any) {
	if p.spoilt[pos] {
		return // what its arguments' mistakes lead to
	}
	m := Mistake{Message: fmt.Sprintf(format, args...), Instead: instead, Line: 1, Column: 1, Length: 1}
	if pos != nil && pos.Src != nil {
		m.File, m.Line, m.Column = pos.Src.Name, max(1, pos.Line-p.shifted[pos.Src]), pos.Column
		m.Length = max(1, pos.End-pos.Start)
	}
	p.add(m)
}

func (p *parser) add(m Mistake) {
	if lines := p.lines[m.File]; m.Line >= 1 && m.Line <= len(lines) {
		m.Source = strings.TrimRight(lines[m.Line-1], "\r")
	}
	p.mistakes = append(p.mistakes, m)
}

// readable refuses what is no text.
func (p *parser) readable(src Source) bool {
	bad := func(at int, message, instead string) bool {
		before := src.Text[:at]
		p.add(Mistake{
			File: src.Name, Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
			Length: 1, Message: message, Instead: instead,
		})
		return false
	}
	if len(src.Text) > fileBytesMax {
		return bad(0, fmt.Sprintf("the file is larger than %d MiB", fileBytesMax>>20), "split it: every *.graphql in the directory is read")
	}
	if i := strings.IndexByte(src.Text, 0); i >= 0 {
		return bad(i, "there is a NUL byte in the file", "is this a text file?")
	}
	if !utf8.ValidString(src.Text) {
		i := strings.IndexFunc(src.Text, func(r rune) bool { return r == utf8.RuneError })
		return bad(max(i, 0), "the file is not UTF-8 text", "save it as UTF-8")
	}
	return true
}

// syntax parses one file; what GraphQL's grammar refuses is one mistake.
func (p *parser) syntax(src Source) *ast.SchemaDocument {
	doc, err := gql.ParseSchema(&ast.Source{Name: src.Name, Input: strings.TrimPrefix(src.Text, "\ufeff")})
	if err == nil {
		return doc
	}
	p.add(p.syntaxMistake(src.Name, err, 0))
	return nil
}

// syntaxMistake puts what GraphQL's grammar says into our words; before is how many lines stand before the file's own.
func (p *parser) syntaxMistake(file string, err error, before int) Mistake {
	m := Mistake{File: file, Line: 1, Column: 1, Length: 1, Message: "this can't be read: " + err.Error()}
	var at *gqlerror.Error
	if !errors.As(err, &at) || len(at.Locations) == 0 {
		return m
	}
	m.Line, m.Column = max(1, at.Locations[0].Line-before), max(1, at.Locations[0].Column)
	found := ""
	if lines := p.lines[file]; m.Line <= len(lines) {
		if line := []rune(lines[m.Line-1]); m.Column <= len(line) {
			rest := string(line[m.Column-1:])
			found = rest[:utf8.RuneLen([]rune(rest)[0])]
			if isLetter(rest[0]) {
				found = rest[:wordLength(rest)]
			}
		}
	}
	m.Length = max(1, utf8.RuneCountInString(found))
	m.Message, m.Instead = syntaxSentence(at.Message, found)
	return m
}

// syntaxSentence puts the grammar's words into ours. found is the token at which it stopped.
func syntaxSentence(message, found string) (sentence, instead string) {
	switch {
	case strings.Contains(message, "EOF"):
		return "the file ends in the middle of a definition", "is a } or ) missing?"
	case strings.HasPrefix(message, "expected at least one definition"):
		return "there is nothing between the braces", "leave the braces out, or write what belongs between them"
	case strings.Contains(message, "<Invalid>"), strings.HasPrefix(message, "Invalid"), strings.HasPrefix(message, "Cannot parse"), strings.HasPrefix(message, "Unterminated"):
		return "a string doesn't end, or this is no part of a schema file", "a string stands on one line between two \", or on several between two \"\"\""
	case strings.HasPrefix(message, "Expected Name"):
		return "a name should stand here, not " + found, "names are letters, digits and _; another name goes into name: \"…\""
	case strings.HasPrefix(message, "Expected :"):
		return "a colon should stand here, not " + found, "a field is written name: Type, an argument name: value"
	case strings.HasPrefix(message, "Expected "):
		what, _, _ := strings.Cut(strings.TrimPrefix(message, "Expected "), ",")
		return what + " should stand here, not " + found, "is one of the brackets before it not closed?"
	case strings.Contains(message, "nesting depth"):
		return "this is nested too deep", "write it flatter"
	}
	return "this can't stand here: " + found, "a definition begins with type, enum, scalar or extend schema, and its fields stand in braces"
}

// build runs over the definitions: what there is, then what each holds, then what needs all of them.
func (p *parser) build(docs []*ast.SchemaDocument, queries []Source) {
	var functions []*ast.FieldDefinition
	var volatile []bool
	p.settings(docs)
	for _, doc := range docs {
		for _, d := range doc.Directives {
			p.wrong(d.Position, "take it out: all directives are Pintail's own", "a schema file declares no directives")
		}
		for _, d := range doc.DirectiveExtensions {
			p.wrong(d.Position, "take it out: all directives are Pintail's own", "a schema file declares no directives")
		}
		for i, d := range slices.Concat(doc.Definitions, doc.Extensions) {
			if d.Name == "Query" || d.Name == "Mutation" {
				p.rootType(d)
				for _, f := range d.Fields {
					functions, volatile = append(functions, f), append(volatile, d.Name == "Mutation")
				}
				continue
			}
			if i >= len(doc.Definitions) {
				p.wrong(d.Position, "write it where "+d.Name+" is declared", "only the types Query and Mutation can be extended")
				continue
			}
			p.declare(d)
		}
	}
	p.resolveDomains()
	for _, d := range p.declared {
		p.fields(d)
	}
	for _, d := range p.declared {
		if d.table != nil {
			p.constraints(d)
		}
	}
	for _, d := range p.declared {
		if d.table != nil {
			p.relations(d)
		}
	}
	p.lateRelations()
	for i, f := range functions {
		p.function(f, volatile[i])
	}
	p.handlers()
	if len(p.mistakes) == 0 {
		p.out.Link()
		p.out.spell()
		p.namedQueries(queries)
	}
	if len(p.mistakes) > 0 {
		return
	}
	p.out.Link()
	for _, d := range p.declared {
		if d.table != nil {
			p.policies(d)
		}
	}
	p.out.sortRelations()
	p.out.Link()
	p.clashes()
	if len(p.mistakes) == 0 {
		p.out.Version = p.out.hash()
	}
}

// rootType checks that Query and Mutation hold functions and nothing else.
func (p *parser) rootType(d *ast.Definition) {
	if d.Kind != ast.Object {
		p.wrong(d.Position, "call it something else", "%s is the type that holds the functions", d.Name)
		return
	}
	for _, x := range d.Directives {
		p.wrong(x.Position, "take it out; directives belong to its fields", "@%s can't stand on %s", x.Name, d.Name)
	}
}

// settings reads extend schema @database.
func (p *parser) settings(docs []*ast.SchemaDocument) {
	var found *directive
	for _, doc := range docs {
		for _, d := range slices.Concat(doc.Schema, doc.SchemaExtension) {
			for _, op := range d.OperationTypes {
				p.wrong(op.Position, "take the braces out", "a schema file names no root types")
			}
			if db, ok := one(p.directives(d.Directives, onSchema), "database"); ok {
				if found != nil {
					p.wrong(db.Position, "keep one of them", "@database stands in the files twice")
					continue
				}
				found = &db
			}
		}
	}
	s := p.out
	s.Default, s.Exposed = "public", nil
	if found == nil {
		s.Exposed = []string{"public"}
		return
	}
	names := func(arg string) []string {
		var out []string
		for _, v := range found.list(arg) {
			if v.Raw == "" {
				p.wrong(v.Position, `write a PostgreSQL schema's name: "public"`, "a schema's name is empty")
			} else if slices.Contains(out, v.Raw) {
				p.wrong(v.Position, "keep one of them", "%s names the schema %s twice", arg, v.Raw)
			}
			out = append(out, v.Raw)
		}
		return out
	}
	s.Title, s.Comment = found.text("title"), found.text("comment")
	s.Exposed, s.SearchPath = names("exposed"), names("search_path")
	s.Engine = strings.ToLower(found.text("engine"))
	switch {
	case found.has("default"):
		s.Default = found.text("default")
		if s.Default == "" {
			p.wrong(found.at("default"), `write a PostgreSQL schema's name: "public"`, "a schema's name is empty")
		}
	case len(s.Exposed) > 0:
		s.Default = s.Exposed[0]
	}
	if len(s.Exposed) == 0 {
		s.Exposed = []string{s.Default}
	}
}
