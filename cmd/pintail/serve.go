package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail"
)

func serveCommand(c console, f *flags) *cobra.Command {
	var open bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the schema file's tables over REST",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load()
			if err != nil {
				return err
			}
			conf.Open = open
			if !open && conf.AdminSecret == "" {
				return usage("nobody could use this server: set PINTAIL_ADMIN_SECRET, or add --open on a machine of your own")
			}
			log, stop := newLog(conf, c.err)
			defer stop()
			conf.Log = log
			app, err := pintail.New(cmd.Context(), conf.Config)
			if err != nil {
				return err
			}
			log.Info("serving", "listen", "http://"+app.Listen(), "rest", "/rest/v1", "tables", len(app.Schema().Tables), "open", open)
			if err := app.Run(cmd.Context()); err != nil {
				return fmt.Errorf("serve: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&open, "open", false, "make every caller on this machine an admin")
	f.addListen(cmd.Flags())
	return cmd
}
