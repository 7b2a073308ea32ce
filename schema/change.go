package schema

// A Change is one step from one schema to another; Diff lists them in an order in which they can be made. Tables, columns and
// so on named From belong to the schema that was, all others to the schema that will be (those of a Drop: to the one that was).
type Change interface {
	String() string   // what it does, in a phrase: "add column order.note"
	Destroys() string // what is lost for good: "the values of order.note"; empty where nothing is
}

type (
	// CreateSchema makes a PostgreSQL schema.
	CreateSchema struct{ Name string }

	CreateEnum struct{ Enum *Enum }
	DropEnum   struct{ Enum *Enum }
	RenameEnum struct{ From, To *Enum }
	// AddEnumValue puts a value before or after another one, or (with neither) at the end.
	AddEnumValue struct {
		Enum          *Enum
		Value         string
		Before, After string
	}
	RenameEnumValue struct {
		Enum     *Enum
		From, To string
	}
	// RebuildEnum removes values or reorders them: the type is made anew, and every column of it is moved over.
	RebuildEnum struct {
		From, To *Enum
		Removed  []string
		Columns  []*Column // in the schema that will be, where the table was there before
	}
	CommentEnum struct{ From, To *Enum }

	CreateComposite struct{ Composite *Composite }
	DropComposite   struct{ Composite *Composite }
	ChangeComposite struct{ From, To *Composite }

	CreateDomain struct{ Domain *Domain }
	DropDomain   struct{ Domain *Domain }
	ChangeDomain struct{ From, To *Domain }

	// CreateTable makes a table with its columns, primary key, unique constraints, checks and comments. Its foreign keys
	// and indexes follow as changes of their own.
	CreateTable struct{ Table *Table }
	DropTable   struct{ Table *Table }
	RenameTable struct{ From, To *Table }
	// ChangeTable changes what only SQLite knows: STRICT and WITHOUT ROWID.
	ChangeTable  struct{ From, To *Table }
	CommentTable struct{ From, To *Table }

	AddColumn struct {
		Table  *Table
		Column *Column
	}
	DropColumn struct {
		Table  *Table // as it will be
		Column *Column
	}
	RenameColumn struct {
		Table    *Table
		From, To *Column
	}
	// ChangeColumn changes one column in any number of ways at once; its methods say in which.
	ChangeColumn struct {
		Table    *Table
		From, To *Column
	}

	AddPrimary struct {
		Table *Table
		Key   *Key
	}
	DropPrimary struct {
		Table *Table // as it will be, as in every drop below
		Key   *Key
	}
	AddUnique struct {
		Table *Table
		Key   *Key
	}
	DropUnique struct {
		Table *Table
		Key   *Key
	}
	AddCheck struct {
		Table *Table
		Check *Check
	}
	DropCheck struct {
		Table *Table
		Check *Check
	}
	// AddForeignKey adds a foreign key. New says that this same diff makes the table, so that SQLite writes the key into
	// its CREATE TABLE.
	AddForeignKey struct {
		Table *Table
		Key   *ForeignKey
		New   bool
	}
	DropForeignKey struct {
		Table *Table
		Key   *ForeignKey
	}
	// RenameConstraint renames a primary key, unique constraint, check or foreign key that is otherwise the same.
	RenameConstraint struct {
		Table    *Table
		From, To string
	}

	CreateIndex struct {
		Table *Table
		Index *Index
	}
	DropIndex struct {
		Table *Table
		Index *Index
	}
	RenameIndex struct {
		Table    *Table
		From, To string
	}

	// CreateView makes a view with its indexes and comments.
	CreateView struct{ View *Table }
	DropView   struct{ View *Table }
	// ReplaceView changes a view's SQL, columns or kind: it is dropped and made anew, with its indexes.
	ReplaceView struct{ From, To *Table }

	CreateFunction  struct{ Function *Function }
	DropFunction    struct{ Function *Function }
	ReplaceFunction struct{ From, To *Function }
)
