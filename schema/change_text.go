package schema

import (
	"fmt"
	"strings"
)

func (c CreateSchema) String() string { return "create schema " + c.Name }
func (c CreateEnum) String() string   { return "create enum " + c.Enum.Name.String() }
func (c DropEnum) String() string     { return "drop enum " + c.Enum.Name.String() }
func (c RenameEnum) String() string {
	return fmt.Sprintf("rename enum %s to %s", c.From.Name, c.To.Name)
}
func (c CommentEnum) String() string     { return "comment on enum " + c.To.Name.String() }
func (c CreateComposite) String() string { return "create type " + c.Composite.Name.String() }
func (c DropComposite) String() string   { return "drop type " + c.Composite.Name.String() }
func (c ChangeComposite) String() string { return "change type " + c.To.Name.String() }
func (c CreateDomain) String() string    { return "create domain " + c.Domain.Name.String() }
func (c DropDomain) String() string      { return "drop domain " + c.Domain.Name.String() }
func (c ChangeDomain) String() string    { return "change domain " + c.To.Name.String() }
func (c CreateTable) String() string     { return "create table " + c.Table.Name.String() }
func (c DropTable) String() string       { return "drop table " + c.Table.Name.String() }
func (c RenameTable) String() string {
	return fmt.Sprintf("rename table %s to %s", c.From.Name, c.To.Name)
}
func (c ChangeTable) String() string  { return "change how SQLite stores table " + c.To.Name.String() }
func (c CommentTable) String() string { return "comment on " + c.To.Name.String() }
func (c AddColumn) String() string {
	return fmt.Sprintf("add column %s.%s", c.Table.Name, c.Column.Name)
}
func (c DropColumn) String() string {
	return fmt.Sprintf("drop column %s.%s", c.Table.Name, c.Column.Name)
}
func (c AddPrimary) String() string      { return "add primary key to " + c.Table.Name.String() }
func (c DropPrimary) String() string     { return "drop primary key of " + c.Table.Name.String() }
func (c AddUnique) String() string       { return "add unique constraint " + on(c.Key.Name, c.Table) }
func (c DropUnique) String() string      { return "drop unique constraint " + on(c.Key.Name, c.Table) }
func (c AddCheck) String() string        { return "add check " + on(c.Check.Name, c.Table) }
func (c DropCheck) String() string       { return "drop check " + on(c.Check.Name, c.Table) }
func (c AddForeignKey) String() string   { return "add foreign key " + on(c.Key.Name, c.Table) }
func (c DropForeignKey) String() string  { return "drop foreign key " + on(c.Key.Name, c.Table) }
func (c CreateIndex) String() string     { return "create index " + on(c.Index.Name, c.Table) }
func (c DropIndex) String() string       { return "drop index " + on(c.Index.Name, c.Table) }
func (c CreateView) String() string      { return "create view " + c.View.Name.String() }
func (c DropView) String() string        { return "drop view " + c.View.Name.String() }
func (c ReplaceView) String() string     { return "replace view " + c.To.Name.String() }
func (c CreateFunction) String() string  { return "create function " + c.Function.Name.String() }
func (c DropFunction) String() string    { return "drop function " + c.Function.Name.String() }
func (c ReplaceFunction) String() string { return "replace function " + c.To.Name.String() }

func on(name string, t *Table) string { return name + " of " + t.Name.String() }

func (c AddEnumValue) String() string {
	s := fmt.Sprintf("add value %q to enum %s", c.Value, c.Enum.Name)
	switch {
	case c.Before != "":
		s += fmt.Sprintf(" before %q", c.Before)
	case c.After != "":
		s += fmt.Sprintf(" after %q", c.After)
	}
	return s
}

func (c RenameEnumValue) String() string {
	return fmt.Sprintf("rename value %q of enum %s to %q", c.From, c.Enum.Name, c.To)
}

func (c RebuildEnum) String() string {
	if len(c.Removed) == 0 {
		return "reorder enum " + c.To.Name.String()
	}
	return fmt.Sprintf("remove %q from enum %s", strings.Join(c.Removed, `", "`), c.To.Name)
}

func (c RenameColumn) String() string {
	return fmt.Sprintf("rename column %s.%s to %s", c.Table.Name, c.From.Name, c.To.Name)
}

func (c RenameConstraint) String() string {
	return fmt.Sprintf("rename constraint %s of %s to %s", c.From, c.Table.Name, c.To)
}

func (c RenameIndex) String() string {
	return fmt.Sprintf("rename index %s of %s to %s", c.From, c.Table.Name, c.To)
}

// String says in which ways the column changes.
func (c ChangeColumn) String() string {
	from, to := c.From, c.To
	var ways []string
	add := func(changed bool, what string) {
		if changed {
			ways = append(ways, what)
		}
	}
	add(from.Type.String() != to.Type.String(), fmt.Sprintf("type %s to %s", from.Type, to.Type))
	add(!from.NotNull && to.NotNull, "not null")
	add(from.NotNull && !to.NotNull, "may be null")
	add(!sameDefault(from.Default, to.Default), "default")
	add(!sameGenerated(from.Generated, to.Generated), "generated")
	add(from.Identity != to.Identity, "identity")
	add(from.Collate != to.Collate, "collation")
	add(from.Storage != to.Storage || from.Declared != to.Declared, "storage")
	add(from.Comment != to.Comment, "comment")
	return fmt.Sprintf("change column %s.%s: %s", c.Table.Name, to.Name, strings.Join(ways, ", "))
}

func (c DropTable) Destroys() string { return "every row of " + c.Table.Name.String() }

func (c DropColumn) Destroys() string {
	if c.Column.Generated != nil {
		return ""
	}
	return fmt.Sprintf("the values of %s.%s", c.Table.Name, c.Column.Name)
}

func (c ChangeColumn) Destroys() string {
	of := fmt.Sprintf("%s.%s", c.Table.Name, c.To.Name)
	if c.To.Generated != nil && c.From.Generated == nil {
		return "the values of " + of + ", which are computed from now on"
	}
	if lost := narrows(c.From.Type, c.To.Type); lost != "" && c.From.Generated == nil {
		return lost + " of " + of
	}
	return ""
}

// narrows says what of a value gets lost when its type changes; empty where nothing does, or where a value that doesn't fit
// stops the change.
func narrows(from, to Type) string {
	whole := func(t Type) bool { return t.Base == Int2 || t.Base == Int4 || t.Base == Int8 }
	switch {
	case from.Array != to.Array || from.Array:
		return ""
	case whole(to) && (from.Base == Numeric || from.Base == Float4 || from.Base == Float8):
		return "the digits after the point"
	case to.Base == Numeric && to.Modifier != "" && from.Base == Numeric && scale(from) > scale(to), to.Base == Numeric && to.Modifier != "" && (from.Base == Float4 || from.Base == Float8):
		return "some digits after the point"
	case from.Base == Float8 && to.Base == Float4, from.Base == Numeric && (to.Base == Float4 || to.Base == Float8):
		return "some digits"
	case to.Base == Text && to.Modifier != "" && (from.Base != Text || from.Modifier == "" || length(from) > length(to)):
		return "the ends of values that are longer than " + strings.Trim(to.Modifier, "()") + " characters"
	case to.Base == Date && (from.Base == Timestamp || from.Base == TimestampTZ):
		return "the time of day"
	case (to.Base == Time || to.Base == TimeTZ) && (from.Base == Timestamp || from.Base == TimestampTZ):
		return "the day"
	case to.Base == Time && from.Base == TimeTZ:
		return "the time zone"
	}
	return ""
}

// scale is how many digits a numeric has after its point; without a modifier any number.
func scale(t Type) int {
	if t.Modifier == "" {
		return 1 << 20
	}
	_, after, ok := strings.Cut(strings.Trim(t.Modifier, "()"), ",")
	n := 0
	if ok {
		fmt.Sscanf(strings.TrimSpace(after), "%d", &n)
	}
	return n
}

func length(t Type) int {
	n := 1 << 30
	fmt.Sscanf(strings.Trim(t.Modifier, "()"), "%d", &n)
	return n
}

func (CreateSchema) Destroys() string     { return "" }
func (CreateEnum) Destroys() string       { return "" }
func (DropEnum) Destroys() string         { return "" }
func (RenameEnum) Destroys() string       { return "" }
func (AddEnumValue) Destroys() string     { return "" }
func (RenameEnumValue) Destroys() string  { return "" }
func (RebuildEnum) Destroys() string      { return "" } // a row with a removed value stops it
func (CommentEnum) Destroys() string      { return "" }
func (CreateComposite) Destroys() string  { return "" }
func (DropComposite) Destroys() string    { return "" }
func (CreateDomain) Destroys() string     { return "" }
func (DropDomain) Destroys() string       { return "" }
func (ChangeDomain) Destroys() string     { return "" }
func (CreateTable) Destroys() string      { return "" }
func (RenameTable) Destroys() string      { return "" }
func (ChangeTable) Destroys() string      { return "" }
func (CommentTable) Destroys() string     { return "" }
func (AddColumn) Destroys() string        { return "" }
func (RenameColumn) Destroys() string     { return "" }
func (AddPrimary) Destroys() string       { return "" }
func (DropPrimary) Destroys() string      { return "" }
func (AddUnique) Destroys() string        { return "" }
func (DropUnique) Destroys() string       { return "" }
func (AddCheck) Destroys() string         { return "" }
func (DropCheck) Destroys() string        { return "" }
func (AddForeignKey) Destroys() string    { return "" }
func (DropForeignKey) Destroys() string   { return "" }
func (RenameConstraint) Destroys() string { return "" }
func (CreateIndex) Destroys() string      { return "" }
func (DropIndex) Destroys() string        { return "" }
func (RenameIndex) Destroys() string      { return "" }
func (CreateView) Destroys() string       { return "" }
func (DropView) Destroys() string         { return "" }
func (ReplaceView) Destroys() string      { return "" }
func (CreateFunction) Destroys() string   { return "" }
func (DropFunction) Destroys() string     { return "" }
func (ReplaceFunction) Destroys() string  { return "" }

// Destroys names the fields that a composite type loses: every value of the type loses them too.
func (c ChangeComposite) Destroys() string {
	var lost []string
	for _, f := range c.From.Columns {
		kept := false
		for _, n := range c.To.Columns {
			kept = kept || n.Name == f.Name
		}
		if !kept {
			lost = append(lost, f.Name)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return "the fields " + list(lost, "and") + " of every " + c.To.Name.String()
}
