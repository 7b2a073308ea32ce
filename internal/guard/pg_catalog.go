package guard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
)

// catalogLimit bounds a look at the catalog.
const catalogLimit = 5 * time.Second

// A pgIndex is one index of the live catalog.
type pgIndex struct {
	OID        uint32
	Schema     string
	Name       string
	Table      string // in the same schema
	TableOID   uint32
	Unique     bool
	Valid      bool
	Ready      bool
	Live       bool
	Kind       string // i index, I partitioned index
	Constraint string // of the key that it carries; empty for none
	Deferrable bool   // of that
	Method     string
	Definition string   // normalised: what follows the table's name in pg_get_indexdef
	Columns    []string // key columns; empty where one is an expression
	Building   bool     // an index of its table is being built just now
}

// whole says whether queries can use an index.
func (x *pgIndex) whole() bool { return x.Valid && x.Ready && x.Live }

// leftover is what a REINDEX CONCURRENTLY that failed leaves behind (sql-reindex.html, "Rebuilding Indexes Concurrently").
var leftover = regexp.MustCompile(`_cc(new|old)[0-9]*$`)

func (x *pgIndex) leftover() bool { return !x.whole() && !x.Building && leftover.MatchString(x.Name) }

// watchSQL tells in one row whether any index or foreign key came, went, was renamed, lost or gained its validity, or is being built, and whether
// `apply` holds its lock (a key of 64 bits is shown in two halves, view-pg-locks.html). It reads three catalogs and writes no definition, which is what costs.
// Last it gives the tables, views and sequences that have a declared index's name, which keep that index from being built.
const watchSQL = `SELECT count(*)::text || ' ' || coalesce(sum(hashint8extended(
		i.indexrelid::int8 * 8 + i.indisvalid::int * 4 + i.indisready::int * 2 + i.indislive::int, hashtext(c.relname::text))), 0)::text
		|| ' ' || (SELECT count(*)::text FROM pg_catalog.pg_stat_progress_create_index)
		|| ' ' || (SELECT count(*)::text || ' ' || coalesce(sum(hashint8extended(k.oid::int8 * 2 + k.convalidated::int, hashtext(k.conname::text))), 0)::text
			FROM pg_catalog.pg_constraint AS k WHERE k.contype = 'f'),
	EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND objsubid = 1
		AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
		AND classid::int8 = $1::text::int8 >> 32 AND objid::int8 = $1::text::int8 & 4294967295),
	coalesce((SELECT string_agg(quote_ident(n.nspname) || '.' || quote_ident(o.relname), ', ' ORDER BY n.nspname, o.relname)
		FROM pg_catalog.pg_class AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.relnamespace
		WHERE o.relname = ANY ($3::text[]::name[]) AND n.nspname = ANY ($2::text[]::name[]) AND o.relkind NOT IN ('i', 'I')), '')
	FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
	WHERE i.indexrelid >= 16384 AND c.relpersistence <> 't' AND c.relnamespace <> 'pg_toast'::regnamespace`

// indexesSQL lists the indexes of some schemas. It meets pg_constraint, which has no index by conindid, and the builds under way once, not once an index.
const indexesSQL = `SELECT i.indexrelid, n.nspname::text, c.relname::text, t.relname::text, i.indrelid, i.indisunique, i.indisvalid, i.indisready,
		i.indislive, c.relkind::text, coalesce(k.conname::text, ''), NOT i.indimmediate, a.amname::text, pg_get_indexdef(i.indexrelid),
		CASE WHEN 0 = ANY (i.indkey::int2[]) THEN '{}' ELSE ARRAY(
			SELECT att.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(col, place)
				JOIN pg_attribute att ON att.attrelid = i.indrelid AND att.attnum = k.col
			WHERE k.place <= i.indnkeyatts ORDER BY k.place) END,
		i.indrelid = ANY (ARRAY(SELECT p.relid FROM pg_stat_progress_create_index p WHERE p.datname = current_database() AND p.relid IS NOT NULL))
	FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_class t ON t.oid = i.indrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace
		JOIN pg_am a ON a.oid = c.relam
		LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
	WHERE n.nspname = ANY ($1) AND NOT t.relispartition AND c.relpersistence <> 't'
	ORDER BY 2, 3`

// readIndexes lists the indexes of the schemas in which the declared tables stand.
func readIndexes(ctx context.Context, tx pgx.Tx, schemas []string) ([]*pgIndex, error) {
	rows, err := tx.Query(ctx, indexesSQL, schemas)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[pgIndex])
	for _, x := range all {
		x.Definition = normalised(x.Definition)
	}
	return all, err
}

// partsSQL lists partitions, and indexes of partitions, with the whole that they belong to.
const partsSQL = `SELECT n.nspname::text, c.relname::text, rn.nspname::text, r.relname::text
	FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_class r ON r.oid = pg_partition_root(c.oid)
		JOIN pg_namespace rn ON rn.oid = r.relnamespace
	WHERE c.relispartition AND rn.nspname = ANY ($1)`

func readParts(ctx context.Context, tx pgx.Tx, schemas []string) (map[pgRelation]pgRelation, error) {
	rows, err := tx.Query(ctx, partsSQL, schemas)
	if err != nil {
		return nil, err
	}
	out := map[pgRelation]pgRelation{}
	var part, whole pgRelation
	_, err = pgx.ForEachRow(rows, []any{&part.schema, &part.name, &whole.schema, &whole.name}, func() error {
		out[part] = whole
		return nil
	})
	return out, err
}

// indexHead is what pg_get_indexdef writes before what an index is: its name and table, always with the table's schema.
var indexHead = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX (?:"(?:[^"]|"")+"|[^ "]+) ON (?:ONLY )?(?:"(?:[^"]|"")+"|[^ ".]+)\.(?:"(?:[^"]|"")+"|[^ "]+) `)

// normalised takes name and table off a definition of pg_get_indexdef's, and storage parameters (WITH), which say how an index lies on the
// disk and not what it is; UNIQUE is put in front.
func normalised(definition string) string {
	out, _ := withoutClause(definition[len(indexHead.FindString(definition)):], " WITH (")
	if strings.HasPrefix(definition, "CREATE UNIQUE ") {
		return "UNIQUE " + out
	}
	return out
}

// serves says whether a live index does all that a declared one would: it is defined so, or holds other columns besides (INCLUDE), which take
// room and no part in what is found by it or kept apart.
func serves(live, declared string) bool {
	if alike(live, declared) {
		return true
	}
	live, more := withoutClause(live, include)
	declared, wanted := withoutClause(declared, include)
	held := strings.Split(more, ", ")
	return live == declared && (wanted == "" || !slices.ContainsFunc(strings.Split(wanted, ", "), func(c string) bool { return !slices.Contains(held, c) }))
}

const include = " INCLUDE ("

// withoutClause takes what begins with a word and a parenthesis, such as WITH (…), out of what follows an index's table, and gives what the parentheses
// hold. It stands outside of all other parentheses and quotes, and before WHERE.
func withoutClause(definition, with string) (rest, inside string) {
	const where = " WHERE "
	depth, quote, from := 0, byte(0), -1
	for i := 0; i < len(definition); i++ {
		switch c := definition[i]; {
		case quote != 0:
			if c == quote { // one that is doubled ends the text and begins it again
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 && from >= 0 {
				return definition[:from] + definition[i+1:], definition[from+len(with) : i]
			}
		case depth > 0 || from >= 0:
		case strings.HasPrefix(definition[i:], with):
			from = i
		case strings.HasPrefix(definition[i:], where):
			return definition, ""
		}
	}
	return definition, ""
}

// schemasOf are the PostgreSQL schemas in which declared indexes stand.
func schemasOf(declared []*migrate.PostgresIndex) []string {
	out := []string{}
	for _, x := range declared {
		addOnce(&out, x.Schema)
	}
	slices.Sort(out)
	return out
}

// A sum is a hash over texts, each with its length.
type sum struct{ h hash.Hash }

func newSum() sum { return sum{sha256.New()} }

func (s sum) add(texts ...string) {
	for _, t := range texts {
		fmt.Fprintf(s.h, "%d:%s", len(t), t)
	}
	fmt.Fprint(s.h, ";")
}

func (s sum) String() string { return hex.EncodeToString(s.h.Sum(nil)[:12]) }
