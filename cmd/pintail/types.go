package main

import (
	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/api/typescript"
)

func typesCommand(c console, f *flags) *cobra.Command {
	cmd := &cobra.Command{Use: "types", Short: "Write the schema as types of another language", Args: aVerb, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(&cobra.Command{
		Use:     "typescript",
		Short:   "Write the Database type that createClient<Database>() of supabase-js takes",
		Example: "  pintail types typescript > src/database.ts",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			_, s, err := f.project(c)
			if err != nil {
				return err
			}
			return c.data(typescript.Write(s))
		},
	})
	return cmd
}
