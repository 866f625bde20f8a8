"""The ACP agent: one more program behind the command protocol, which drives any agent of the Agent Client Protocol.

It opens a session in the clone, gives it the role's prompt, answers its requests for permission by what the role may
do, turns its updates into log lines, progress and spend, and takes its last message for the result, held to the role's
schema. The library is imported here alone (https://agentclientprotocol.com, agent-client-protocol on PyPI).
"""
