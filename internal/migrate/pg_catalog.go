package migrate

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A catalog is what PostgreSQL's catalogs say, as rows: everything outside of the system's schemas and of extensions.
type catalog struct {
	schemas     []catSchema
	relations   []catRelation
	columns     []catColumn
	constraints []catConstraint
	indexes     []catIndex
	indexKeys   []catIndexKey
	types       []catType
	enums       []catEnumValue
	fields      []catField
	functions   []catFunction
	aggregates  []catAggregate
	casts       []catCast
	rewrites    []catRewrite
	depends     []catDepend
	triggers    []catTrigger
	inherits    []catInherit
	policies    []catPolicy
	checks      []catDomainCheck
	database    []catDatabase
}

type catDatabase struct{ Collate string }

type catSchema struct {
	OID     uint32
	Name    string
	Comment string
}

type catRelation struct {
	OID         uint32
	Schema      uint32
	Name        string
	Kind        string // r table, p partitioned, f foreign, v view, m materialized view
	RowType     uint32
	Comment     string
	RowSecurity bool
	Partition   bool
	Updatable   int32  // bits of pg_relation_is_updatable: 4 update, 8 insert, 16 delete
	Definition  string // of a view
	PartitionBy string
}

type catColumn struct {
	Relation  uint32
	Number    int16
	Name      string
	Type      uint32
	TypeText  string // format_type with modifier
	NotNull   bool
	Default   string
	Identity  string // a always, d by default
	Generated string // s stored
	Serial    bool   // the default is nextval of a sequence that the column owns
	Collate   string // without its schema; "default" is the database's own
	Comment   string
}

type catConstraint struct {
	OID        uint32
	Name       string
	Kind       string // p u c f x t
	Relation   uint32
	Referenced uint32
	Columns    []int16
	RefColumns []int16
	OnDelete   string
	OnUpdate   string
	Deferrable bool
	Deferred   bool
	Validated  bool
	Parent     uint32
	Index      uint32
	Definition string
	Expression string
}

type catIndex struct {
	OID              uint32
	Relation         uint32
	Name             string
	Unique           bool
	Primary          bool
	Valid            bool
	NullsNotDistinct bool
	Method           string
	Keys             int16 // key columns; the rest are INCLUDE
	Definition       string
	Where            string
	Plain            bool // no expressions
}

type catIndexKey struct {
	Index     uint32
	Place     int32
	Column    int16
	Option    int16 // 1 desc, 2 nulls first
	Class     string
	ClassOwn  bool   // the type's default class
	Collate   string // where not the column's own
	ClassOpts bool
}

type catType struct {
	OID       uint32
	Schema    uint32
	Name      string
	Kind      string // b base, c composite, d domain, e enum, p pseudo, r range, m multirange
	Element   uint32 // of a true array
	Relation  uint32 // of a row type
	Base      uint32 // of a domain
	BaseText  string // format_type of a domain's base, with modifier
	NotNull   bool
	Default   string
	Comment   string
	Format    string // format_type without modifier
	Extension bool
	System    bool
	RowKind   string // relkind of Relation
}

type catEnumValue struct {
	Type  uint32
	Label string
}

type catField struct {
	Type     uint32
	Name     string
	Of       uint32
	TypeText string
}

type catFunction struct {
	OID        uint32
	Schema     uint32
	Name       string
	Comment    string
	ArgNames   []string
	ArgTypes   []uint32 // of ArgModes
	ArgModes   []string // i in, o out, b inout, v variadic, t table
	Defaults   int16
	Returns    uint32
	SetOf      bool
	Rows       float32
	Volatile   string
	Variadic   bool
	Config     []string
	Definition string
}

// A catAggregate is an aggregate of one argument that gives a domain.
type catAggregate struct {
	Schema  uint32
	Name    string
	Of      uint32 // the argument's type
	Returns uint32
}

type catCast struct {
	Source, Target uint32
	Function       string
}

type catRewrite struct {
	View uint32
	Tree string
}

type catDepend struct{ View, On uint32 }

type catTrigger struct {
	Relation uint32
	Name     string
	Bits     int16
}

type catInherit struct{ Child, Parent uint32 }

type catPolicy struct {
	Relation uint32
	Name     string
}

type catDomainCheck struct {
	Type       uint32
	Name       string
	Expression string
}

// notSystem holds a pg_namespace n to the schemas of people; notExtension holds an object to those that no extension made.
const (
	notSystem    = `n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname <> '` + ownSchema + `'`
	notExtension = `NOT EXISTS (SELECT FROM pg_depend x WHERE x.deptype = 'e' AND x.classid = '%s'::regclass AND x.objid = %s.oid)`
)

// readCatalog asks for everything on one snapshot. The search path is empty meanwhile, so that every name in a
// definition is written with its schema.
func readCatalog(ctx context.Context, conn *pgx.Conn) (*catalog, error) {
	if conn.PgConn().TxStatus() != 'I' {
		return readCatalogWithin(ctx, conn)
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, `SET LOCAL search_path TO ''`, pgx.QueryExecModeExec); err != nil {
		return nil, err
	}
	return askCatalog(ctx, conn)
}

// readCatalogWithin reads within the caller's transaction, and gives it its search path back.
func readCatalogWithin(ctx context.Context, conn *pgx.Conn) (*catalog, error) {
	var path string
	if err := conn.QueryRow(ctx, `SELECT current_setting('search_path')`, pgx.QueryExecModeExec).Scan(&path); err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `SET LOCAL search_path TO ''`, pgx.QueryExecModeExec); err != nil {
		return nil, err
	}
	c, err := askCatalog(ctx, conn)
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, `SELECT set_config('search_path', $1, true)`, pgx.QueryExecModeExec, path)
	return c, err
}

func askCatalog(ctx context.Context, conn *pgx.Conn) (*catalog, error) {
	r := &catalogReader{ctx: ctx, conn: conn}
	c := &catalog{}
	collect(r, &c.schemas, `
		SELECT n.oid, n.nspname::text, coalesce(obj_description(n.oid, 'pg_namespace'), '')
		FROM pg_namespace n WHERE `+notSystem+` ORDER BY n.nspname`)
	collect(r, &c.relations, `
		SELECT c.oid, c.relnamespace, c.relname::text, c.relkind::text, c.reltype,
			coalesce(obj_description(c.oid, 'pg_class'), ''), c.relrowsecurity, c.relispartition,
			CASE WHEN c.relkind = 'v' OR c.relkind = 'f' AND EXISTS (
				SELECT FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
				WHERE f.ftrelid = c.oid AND w.fdwhandler <> 0) THEN pg_relation_is_updatable(c.oid, true) ELSE 0 END,
			CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END,
			CASE WHEN c.relkind = 'p' THEN coalesce(pg_get_partkeydef(c.oid), '') ELSE '' END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND `+notSystem+` AND `+fmt.Sprintf(notExtension, "pg_class", "c")+`
		ORDER BY n.nspname, c.relname`)
	collect(r, &c.columns, `
		SELECT a.attrelid, a.attnum, a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod), a.attnotnull,
			coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity::text, a.attgenerated::text,
			d.adbin IS NOT NULL AND EXISTS (
				SELECT FROM pg_depend sd JOIN pg_class s ON s.oid = sd.objid AND s.relkind = 'S'
					JOIN pg_depend dd ON dd.classid = 'pg_attrdef'::regclass AND dd.objid = d.oid AND dd.refobjid = s.oid
				WHERE sd.classid = 'pg_class'::regclass AND sd.deptype = 'a'
					AND sd.refobjid = a.attrelid AND sd.refobjsubid = a.attnum
			) AND pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\(',
			coalesce(co.collname::text, ''),
			coalesce(col_description(a.attrelid, a.attnum), '')
		FROM pg_attribute a
			JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
			JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
			LEFT JOIN pg_collation co ON co.oid = a.attcollation
		WHERE a.attnum > 0 AND NOT a.attisdropped AND `+notSystem+`
		ORDER BY a.attrelid, a.attnum`)
	collect(r, &c.constraints, `
		SELECT k.oid, k.conname::text, k.contype::text, k.conrelid, k.confrelid,
			coalesce(k.conkey, '{}'), coalesce(k.confkey, '{}'), k.confdeltype::text, k.confupdtype::text,
			k.condeferrable, k.condeferred, k.convalidated, k.conparentid, k.conindid,
			pg_get_constraintdef(k.oid), coalesce(pg_get_expr(k.conbin, k.conrelid), '')
		FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
		WHERE k.conrelid <> 0 AND k.contype IN ('p', 'u', 'c', 'f', 'x') AND `+notSystem+`
		ORDER BY k.conrelid, k.conname`)
	collect(r, &c.indexes, `
		SELECT i.indexrelid, i.indrelid, x.relname::text, i.indisunique, i.indisprimary, i.indisvalid AND i.indisready,
			i.indnullsnotdistinct, am.amname::text, i.indnkeyatts, pg_get_indexdef(i.indexrelid),
			coalesce(pg_get_expr(i.indpred, i.indrelid), ''), i.indexprs IS NULL
		FROM pg_index i
			JOIN pg_class x ON x.oid = i.indexrelid
			JOIN pg_namespace n ON n.oid = x.relnamespace
			JOIN pg_am am ON am.oid = x.relam
		WHERE NOT x.relispartition AND `+notSystem+`
		ORDER BY i.indrelid, x.relname`)
	collect(r, &c.indexKeys, `
		SELECT i.indexrelid, (k.place - 1)::int4, k.col, coalesce(i.indoption[k.place - 1], 0),
			coalesce(oc.opcname::text, ''), coalesce(oc.opcdefault, true),
			CASE WHEN coalesce(i.indcollation[k.place - 1], 0) <> 0 AND i.indcollation[k.place - 1] <> a.attcollation
				THEN co.collname::text ELSE '' END,
			xa.attoptions IS NOT NULL
		FROM pg_index i
			JOIN pg_class x ON x.oid = i.indexrelid
			JOIN pg_namespace n ON n.oid = x.relnamespace
			CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(col, place)
			LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.col
			LEFT JOIN pg_attribute xa ON xa.attrelid = i.indexrelid AND xa.attnum = k.place
			LEFT JOIN pg_opclass oc ON oc.oid = i.indclass[k.place - 1]
			LEFT JOIN pg_collation co ON co.oid = i.indcollation[k.place - 1]
		WHERE NOT x.relispartition AND `+notSystem+`
		ORDER BY i.indexrelid, k.place`)
	collect(r, &c.types, `
		SELECT t.oid, t.typnamespace, t.typname::text, t.typtype::text,
			CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 AND t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE 0 END,
			t.typrelid, t.typbasetype, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE '' END,
			t.typnotnull, coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault, ''), coalesce(obj_description(t.oid, 'pg_type'), ''),
			format_type(t.oid, NULL), NOT `+fmt.Sprintf(notExtension, "pg_type", "t")+`, NOT (`+notSystem+`),
			coalesce(c.relkind::text, '')
		FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE NOT (t.typtype = 'c' AND NOT (`+notSystem+`))
		ORDER BY n.nspname, t.typname`)
	collect(r, &c.enums, `SELECT e.enumtypid, e.enumlabel::text FROM pg_enum e ORDER BY e.enumtypid, e.enumsortorder`)
	collect(r, &c.fields, `
		SELECT t.oid, a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod)
		FROM pg_type t
			JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
			JOIN pg_namespace n ON n.oid = t.typnamespace
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE `+notSystem+` ORDER BY t.oid, a.attnum`)
	collect(r, &c.functions, `
		SELECT p.oid, p.pronamespace, p.proname::text, coalesce(obj_description(p.oid, 'pg_proc'), ''),
			coalesce(p.proargnames, '{}'), coalesce(p.proallargtypes, p.proargtypes::oid[]),
			coalesce(p.proargmodes::text[], '{}'), p.pronargdefaults, p.prorettype, p.proretset, p.prorows, p.provolatile::text,
			p.provariadic <> 0, coalesce(p.proconfig, '{}'), pg_get_functiondef(p.oid)
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.prokind = 'f' AND `+notSystem+` AND `+fmt.Sprintf(notExtension, "pg_proc", "p")+`
			AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
		ORDER BY n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.oid`)
	collect(r, &c.aggregates, `
		SELECT p.pronamespace, p.proname::text, p.proargtypes[0], p.prorettype
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type t ON t.oid = p.prorettype
		WHERE p.prokind = 'a' AND p.pronargs = 1 AND t.typtype = 'd' AND `+notSystem+`
		ORDER BY n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.oid`)
	collect(r, &c.casts, `
		SELECT k.castsource, k.casttarget, quote_ident(n.nspname) || '.' || quote_ident(p.proname)
		FROM pg_cast k
			JOIN pg_type s ON s.oid = k.castsource
			JOIN pg_type t ON t.oid = k.casttarget
			JOIN pg_proc p ON p.oid = k.castfunc
			JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE k.castcontext = 'i' AND k.castmethod = 'f'
			AND ('d' IN (s.typtype, t.typtype))
			AND ('json'::regtype IN (k.castsource, k.casttarget) OR 'text'::regtype IN (k.castsource, k.casttarget))`)
	collect(r, &c.rewrites, `
		SELECT r.ev_class, r.ev_action::text
		FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE r.ev_type = '1' AND c.relkind IN ('v', 'm') AND `+notSystem)
	collect(r, &c.depends, `
		SELECT DISTINCT r.ev_class, d.refobjid
		FROM pg_rewrite r
			JOIN pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
			JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
		WHERE d.refobjid <> r.ev_class AND `+notSystem+` ORDER BY 1, 2`)
	collect(r, &c.triggers, `
		SELECT t.tgrelid, t.tgname::text, t.tgtype
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE NOT t.tgisinternal AND `+notSystem+` ORDER BY t.tgrelid, t.tgname`)
	collect(r, &c.inherits, `SELECT i.inhrelid, i.inhparent FROM pg_inherits i ORDER BY 1, i.inhseqno`)
	collect(r, &c.policies, `SELECT p.polrelid, p.polname::text FROM pg_policy p ORDER BY 1, 2`)
	collect(r, &c.checks, `
		SELECT k.contypid, k.conname::text, pg_get_expr(k.conbin, 0)
		FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
		WHERE k.contypid <> 0 AND k.contype = 'c' AND `+notSystem+` ORDER BY 1, 2`)
	collect(r, &c.database, `SELECT datcollate::text FROM pg_database WHERE datname = current_database() AND datlocprovider = 'c'`)
	return c, r.err
}

// A catalogReader asks one question after the other until one fails.
type catalogReader struct {
	ctx  context.Context
	conn *pgx.Conn
	err  error
}

// collect reads rows into structs whose fields stand in the order of the columns.
func collect[T any](r *catalogReader, into *[]T, sql string) {
	if r.err != nil {
		return
	}
	rows, err := r.conn.Query(r.ctx, sql, pgx.QueryExecModeExec)
	if err != nil {
		r.err = err
		return
	}
	if *into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T]); err != nil {
		r.err = fmt.Errorf("read the catalog: %w", err)
	}
}
