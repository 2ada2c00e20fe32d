// Package cpl is the Content Policy Language: text to tree, with positions,
// recovery and a vocabulary that is one table.
package cpl
