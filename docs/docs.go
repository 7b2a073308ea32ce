// Package docs holds the documentation. It has no code of its own: its tests hold the pages to what the program does.
package docs
