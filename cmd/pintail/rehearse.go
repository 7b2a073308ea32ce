package main

import (
	"github.com/spf13/cobra"
)

func rehearseCommand(c console, f *flags) *cobra.Command {
	var capture string
	cmd := &cobra.Command{
		Use:   "rehearse",
		Short: "Find the queries that will be slow when the data has grown",
		Long: `Find the queries that will be slow when the data has grown.

With --capture it takes away what production looks like, a few kilobytes that are fit for Git: the queries that a running server
was asked, from its admin address, and how the rows of each table are spread, from the database. No row leaves it: of every value
only its rank, its length and its place in the order.`,
		Example: "  pintail rehearse --capture production.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			if capture == "" {
				return usage("say where the capture goes: pintail rehearse --capture FILE")
			}
			return capturing{c, conf, f.json}.run(cmd.Context(), capture)
		},
	}
	cmd.Flags().StringVar(&capture, "capture", "", "write what production looks like to a `file`, - for standard output")
	cmd.Flags().StringVar(&f.admin, "admin", "", "the admin `address` of the running server, or off to do without its queries (default 127.0.0.1:8081)")
	return cmd
}
