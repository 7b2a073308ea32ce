package schema

import (
	"regexp"
	"slices"
)

// AnyMedia is the domain's name under which a function or an aggregate answers whatever media type is asked for.
const AnyMedia = "*/*"

var mediaName = regexp.MustCompile(`^(\*/\*|[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+)$`)

// A Handler is an aggregate of the database that writes rows as a media type (PostgREST, "Media Type Handlers").
type Handler struct {
	Aggregate Name
	Media     *Domain // what it gives, named like the media type
	Of        *Table  // whose rows it takes; nil for those of any table or function
}

// Media is the media type in which a function itself writes its answer, as PostgREST has it: the name of the domain that it returns
// one value of, AnyMedia where it decides by itself. It is empty for any other function.
func (f *Function) Media() string {
	d := f.Returns.Type.Domain
	if d == nil || f.Returns.SetOf || f.Returns.Type.Array || f.Returns.Table != nil || len(f.Returns.Out) > 0 || !d.IsMedia() {
		return ""
	}
	return d.Name.Name
}

// IsMedia says whether a domain is named like a media type.
func (d *Domain) IsMedia() bool { return mediaName.MatchString(d.Name.Name) }

// Handler gives the aggregate that writes rows in a media type: one for the table's, else one for those of anything. t is nil
// for rows of no table, the result nil where there is none.
func (s *Schema) Handler(t *Table, media string) *Handler {
	of := func(t *Table) *Handler {
		i := slices.IndexFunc(s.Handlers, func(h *Handler) bool { return h.Of == t && h.Media.Name.Name == media })
		if i < 0 {
			return nil
		}
		return s.Handlers[i]
	}
	if h := of(t); h != nil || t == nil {
		return h
	}
	return of(nil)
}

// handlers reads @handler on the scalars, once the tables are there.
func (p *parser) handlers() {
	for _, def := range p.declared {
		for _, d := range def.directives["handler"] {
			if h := p.handler(def, d); h != nil {
				p.out.Handlers = append(p.out.Handlers, h)
			}
		}
	}
}

// handler reads one @handler; nil where it has a mistake.
func (p *parser) handler(def *definition, d directive) *Handler {
	switch {
	case def.domain == nil:
		p.wrong(d.Position, `write @domain(name: "text/html", type: "text") before it`, "%s is no domain, and handlers write one that is named like a media type", def.Name)
		return nil
	case !def.domain.IsMedia():
		p.wrong(d.Position, `write @domain(name: "text/html", …), or take @handler out`, "the domain %s isn't named like a media type", def.domain.Name.Name)
		return nil
	case d.text("aggregate") == "":
		p.wrong(d.Position, `write @handler(aggregate: "…")`, "@handler doesn't say which aggregate")
		return nil
	}
	h := &Handler{Media: def.domain, Aggregate: p.out.qualify(Name{Schema: d.text("schema"), Name: d.text("aggregate")})}
	if d.has("of") {
		if h.Of = p.tableNamed(d.text("of")); h.Of == nil {
			p.wrong(d.at("of"), p.suggestTable(d.text("of")), "of: %q is no table", d.text("of"))
			return nil
		}
	}
	if slices.ContainsFunc(p.out.Handlers, func(o *Handler) bool { return o.Media == h.Media && o.Of == h.Of }) {
		p.wrong(d.Position, "keep one of them", "two aggregates write the same rows as %s", def.domain.Name.Name)
		return nil
	}
	return h
}

// handlers writes the aggregates that give a domain.
func (w *printer) handlers(of *Domain) (directives []string) {
	for _, h := range w.s.Handlers {
		if h.Media != of {
			continue
		}
		var d args
		n := w.s.qualify(h.Aggregate)
		d.text("aggregate", n.Name)
		d.text("schema", n.Schema)
		if h.Of != nil {
			d.text("of", h.Of.Type)
		}
		directives = append(directives, d.directive("handler"))
	}
	return directives
}
