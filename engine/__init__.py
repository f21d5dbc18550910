"""Analysis, library, queries and playlists. Nothing in here knows of Streamlit."""
