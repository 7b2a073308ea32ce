// Command pocketbase is the peer: PocketBase as a library, with an item collection that everyone may read and write,
// indexed as Pintail's is.
//
//	pocketbase --dir DIR seed N         makes the collection and N records
//	pocketbase --dir DIR serve --http ADDR
package main

import (
	"fmt"
	"log"
	"strconv"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/spf13/cobra"
)

func main() {
	app := pocketbase.New()
	app.RootCmd.AddCommand(&cobra.Command{
		Use: "seed N", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return seed(app, n)
		},
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

func seed(app core.App, n int) error {
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	items := core.NewBaseCollection("item")
	items.Fields.Add(&core.NumberField{Name: "n"}, &core.TextField{Name: "name"}, &core.NumberField{Name: "price"}, &core.BoolField{Name: "active"})
	items.AddIndex("item_n", false, "n", "")
	everyone := types.Pointer("")
	items.ListRule, items.ViewRule, items.CreateRule = everyone, everyone, everyone
	if err := app.Save(items); err != nil {
		return err
	}
	return app.RunInTransaction(func(tx core.App) error {
		for i := 1; i <= n; i++ {
			r := core.NewRecord(items)
			r.Id = fmt.Sprintf("r%014d", i)
			r.Set("n", i*7919%n)
			r.Set("name", fmt.Sprintf("item number %d", i))
			r.Set("price", float64(i%10000)/100)
			r.Set("active", i%3 == 0)
			if err := tx.SaveNoValidate(r); err != nil {
				return err
			}
		}
		return nil
	})
}
