package revocation

// The HRESULT symbols of refused chains, as wincrypt.h and winerror.h name them.
const (
	CodeRevoked       = "CRYPT_E_REVOKED"
	CodeNoCheck       = "CRYPT_E_NO_REVOCATION_CHECK"
	CodeOffline       = "CRYPT_E_REVOCATION_OFFLINE"
	CodeUntrustedRoot = "CERT_E_UNTRUSTEDROOT"
	CodeChaining      = "CERT_E_CHAINING"
	CodeExpired       = "CERT_E_EXPIRED"
	CodeWrongName     = "CERT_E_CN_NO_MATCH"
	CodeWrongUsage    = "CERT_E_WRONG_USAGE"
	CodeSignature     = "TRUST_E_CERT_SIGNATURE"
)

// Code is one row of Codes.
type Code struct {
	Symbol string
	Value  uint32 // HRESULT
	Doc    string
}

// Codes is every code that Check and Chain give, in the order of a client's
// work: first the path, then the name, then revocation.
var Codes = []Code{
	{CodeUntrustedRoot, 0x800B0109, "the chain ends in a root that this client does not trust"},
	{CodeChaining, 0x800B010A, "an intermediate certificate is missing: no path to a trusted root"},
	{CodeSignature, 0x80096004, "a certificate's signature does not match its issuer's key"},
	{CodeExpired, 0x800B0101, "a certificate is outside its validity period"},
	{CodeWrongUsage, 0x800B0110, "a certificate is not valid for TLS servers"},
	{CodeWrongName, 0x800B010F, "the certificate does not name the server that was asked for"},
	{CodeNoCheck, 0x80092012, "a certificate says nowhere where its revocation status could be asked"},
	{CodeOffline, 0x80092013, "the revocation status could not be had from where the certificate points"},
	{CodeRevoked, 0x80092010, "a certificate is revoked"},
}
