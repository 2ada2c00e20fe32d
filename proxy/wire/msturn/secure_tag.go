package msturn

import "rehearse/proxy/wire"

// SecureTag is an opaque tag of the application
// ([MS-TURN] 2.2.2, MS-Secure-Tag).
type SecureTag [40]byte

// Number is 0x8039.
func (SecureTag) Number() uint16 { return 0x8039 }

// Name is the attribute's name.
func (SecureTag) Name() string { return "MS-Secure-Tag" }

func (SecureTag) String() string { return "(40 bytes)" }

func (t SecureTag) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, t[:]...) }

func parseSecureTag(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	if err := wrongSize(SecureTag{}, value, len(SecureTag{})); err != nil {
		return nil, err
	}
	return SecureTag(value), nil
}
