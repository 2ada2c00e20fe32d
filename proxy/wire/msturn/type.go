package msturn

import "fmt"

// Type is a message's type. The numbers follow no scheme of class and method as
// in RFC 8489: Data Indication has the bits of an error response.
type Type uint16

// The message types ([MS-TURN] 2.2.1). A Send request is never answered.
const (
	AllocateRequest              Type = 0x0003
	AllocateResponse             Type = 0x0103
	AllocateError                Type = 0x0113
	SendRequest                  Type = 0x0004
	DataIndication               Type = 0x0115
	SetActiveDestinationRequest  Type = 0x0006
	SetActiveDestinationResponse Type = 0x0106
	SetActiveDestinationError    Type = 0x0116
)

var typeNames = []struct {
	typ  Type
	name string
}{
	{AllocateRequest, "Allocate request"},
	{AllocateResponse, "Allocate response"},
	{AllocateError, "Allocate error response"},
	{SendRequest, "Send request"},
	{DataIndication, "Data indication"},
	{SetActiveDestinationRequest, "Set Active Destination request"},
	{SetActiveDestinationResponse, "Set Active Destination response"},
	{SetActiveDestinationError, "Set Active Destination error response"},
}

// Known says whether MS-TURN has this type.
func (t Type) Known() bool {
	_, ok := t.name()
	return ok
}

// String is the type's name, or "message type 0x1234".
func (t Type) String() string {
	if name, ok := t.name(); ok {
		return name
	}
	return fmt.Sprintf("message type %#04x", uint16(t))
}

func (t Type) name() (string, bool) {
	for _, n := range typeNames {
		if n.typ == t {
			return n.name, true
		}
	}
	return "", false
}
