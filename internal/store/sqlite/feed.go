package sqlite

import (
	"strings"

	"github.com/pintail-dev/pintail/internal/change"
)

// follow makes the writer's commits known in their order. Where that can't be (a database in memory, a VFS of its own, a system whose
// files can't be mapped) there is no feed, and whoever would stand on it does without.
func (s *Store) follow(w *conn) {
	wal := w.Filename("main").WAL()
	if s.config.VFS != "" || wal == "" {
		return
	}
	// A first read makes the index.
	if err := w.exec("SELECT 1 FROM sqlite_schema LIMIT 1"); err != nil {
		return
	}
	feed, err := change.NewFeed(strings.TrimSuffix(wal, "-wal") + "-shm")
	if err != nil {
		return
	}
	s.feed = feed
	s.writer.record = change.NewRecorder(feed)
	s.writer.record.Attach(w.Conn)
}

// unfollow ends the feed: after the last commit, and before the connections that hold its file open are closed.
func (s *Store) unfollow() error {
	if s.feed == nil {
		return nil
	}
	return s.feed.Close()
}

// Feed is the order of commits to the database; nil where it can't be followed.
func (s *Store) Feed() *change.Feed { return s.feed }
