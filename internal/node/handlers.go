package node

import (
	"cmp"

	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// handlers are the media types that the database writes itself. What writes a table's rows also writes those of functions that give them.
func handlers(s *schema.Schema) rest.Handlers {
	out := rest.Handlers{Tables: map[query.Name][]string{}, Functions: map[query.Name][]string{}}
	named := func(n query.Name) query.Name { return query.Name{Schema: cmp.Or(n.Schema, s.Default), Name: n.Name} }
	for _, h := range s.Handlers {
		media := h.Media.Name.Name
		if h.Of == nil {
			out.Any = append(out.Any, media)
			continue
		}
		name := named(h.Of.Name)
		out.Tables[name] = append(out.Tables[name], media)
	}
	for _, f := range s.Functions {
		name := named(f.Name)
		if m := f.Media(); m != "" {
			out.Functions[name] = append(out.Functions[name], m)
		}
		if t := f.Returns.Table; t != nil {
			out.Functions[name] = append(out.Functions[name], out.Tables[named(t.Name)]...)
		}
	}
	return out
}
