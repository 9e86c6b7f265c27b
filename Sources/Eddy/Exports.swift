// A program that embeds Eddy writes `import Eddy` and has buffers and addresses as well.
@_exported public import EddyBuffers
@_exported public import EddyRing
@_exported public import EddySystem
