package rest

import (
	"cmp"
	"slices"

	"github.com/pintail-dev/pintail/query"
)

// Handlers are the media types that the database itself writes (PostgREST, "Media Type Handlers"), by the names of their domains, of
// which "*/*" is for any.
type Handlers struct {
	Tables    map[query.Name][]string // the rows of a table, by its name with schema
	Functions map[query.Name][]string // what a function gives, by its name with schema
	Any       []string                // the rows of any table or function
}

// handled are the handlers that a request may have.
type handled struct {
	own []string // of what it asks for
	any []string // of anything
}

// handled gives a's handlers. Those of its own take whole rows.
func (p *reader) handled(a *Ask) (h handled) {
	h.any = p.o.Handlers.Any
	if !p.rows.Whole() {
		return h
	}
	name := query.Name{Schema: cmp.Or(a.Name.Schema, p.o.Default), Name: a.Name.Name}
	h.own = p.o.Handlers.Tables[name]
	if a.RPC {
		h.own = p.o.Handlers.Functions[name]
	}
	return h
}

// pick gives the domain that answers a request for m, empty for none, and the media type that it answers in. PostgREST's own types with
// parameters are never the database's. A domain for any type names what it gives in its headers, or it is bytes.
func (h handled) pick(m media) (domain string, as media) {
	name := m.mime()
	switch {
	case m.kind == mediaObject || m.kind == mediaArray || m.kind == mediaPlan:
		return "", m
	case slices.Contains(h.own, "*/*"), m.kind == mediaAny && slices.Contains(h.any, name):
		return "*/*", media{kind: mediaOctets}
	case m.kind != mediaAny && (slices.Contains(h.own, name) || slices.Contains(h.any, name)):
		return name, m
	}
	return "", m
}
